"""The client of dialect C. One HTTP call per method, no retry, no database."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from urllib.parse import quote, urlencode, urlsplit

from core import http
from core.crypto import sha256_hex
from core.ids import new_token
from core.money import BadMoney, decimal_text, parse_minor
from fulfillment.suppliers.base import (
    Acknowledgement,
    Answer,
    Balance,
    Callback,
    Capabilities,
    Connection,
    Purchase,
    Strength,
    Verdict,
)
from fulfillment.suppliers.hearing import (
    CALLBACK_BYTES,
    Heard,
    reach,
    refused_callback,
    unlisted,
)
from fulfillment.suppliers.lists import CatalogPage, Statement
from fulfillment.suppliers.options import Option
from fulfillment.suppliers.rest_hmac import listing, reading, signing
from fulfillment.suppliers.rest_hmac.codes import LOOKUP_ERRORS, REFUSALS

#: A day of fifty thousand lines; the only answer that may be more than a mebibyte.
STATEMENT_BYTES = 16 << 20
#: Goods a page is asked for.
PAGE_ITEMS = 500


class RestHmac:
    """Stateless adapter; see docs/protocols/supplier_c.md for every word it knows."""

    title = "REST JSON, HMAC-SHA256"
    options: Mapping[str, Option] = {}
    capabilities = Capabilities(
        kinds=frozenset({"direct", "card"}),
        asynchronous=True,
        resend_safe=True,
        not_found_is_final=True,
        callback_strength=Strength.STRONG,
        price_guard=True,
        balance=True,
        catalog=True,
        statement=True,
        max_quantity=100,
    )

    def place(self, connection: Connection, purchase: Purchase, *, now: datetime) -> Answer:
        """Buy once. ``max_cost_minor`` guards the whole order at the supplier's side too."""
        order: dict[str, object] = {
            "external_id": purchase.merchant_no,
            "product": purchase.supplier_sku,
            "quantity": purchase.quantity,
            "target": {**purchase.extra, "account": purchase.account} if purchase.account else None,
            "max_cost": decimal_text(purchase.max_cost_minor, purchase.currency),
            "currency": purchase.currency,
        }
        if connection.callback_url:
            order["callback_url"] = connection.callback_url
        body = json.dumps(order, ensure_ascii=False, separators=(",", ":")).encode()
        heard = self._call(connection, "POST", "/v1/orders", body, now=now)
        return self._read(heard, purchase, errors=REFUSALS, good=(200, 201))

    def query(self, connection: Connection, purchase: Purchase, *, now: datetime) -> Answer:
        """Ask by our own number."""
        path = "/v1/orders/by-external-id/" + quote(purchase.merchant_no, safe="")
        heard = self._call(connection, "GET", path, b"", now=now)
        if heard.doubt:
            return heard.unproved(asking=True)
        return self._read(heard, purchase, errors=LOOKUP_ERRORS, good=(200,))

    def balance(self, connection: Connection, *, now: datetime) -> Balance:
        """Our prepaid money at the supplier, in minor units, or the reason it is not known."""
        heard = self._call(connection, "GET", "/v1/balance", b"", now=now)
        if heard.doubt or heard.status != 200:  # noqa: PLR2004  HTTP's own number
            return Balance(problem=heard.doubt or f"http_{heard.status}")
        try:
            data = reading.parse(heard.body)
            currency = reading.word(data.get("currency"), 3)
            minor = parse_minor(reading.word(data.get("balance")), currency)
        except (reading.Unreadable, BadMoney) as error:
            return Balance(problem=str(error)[:60])
        return Balance(minor=minor, currency=currency, as_of=now)

    def catalog(self, connection: Connection, *, cursor: str, now: datetime) -> CatalogPage:
        """One page of goods with prices and stock as of ``now``; bad entries are set aside."""
        path = "/v1/products?" + urlencode({"cursor": cursor, "limit": PAGE_ITEMS})
        heard = self._call(connection, "GET", path, b"", now=now)
        if heard.doubt or heard.status != 200:  # noqa: PLR2004
            return CatalogPage(problem=heard.doubt or f"http_{heard.status}")
        return listing.read_page(heard.body, now=now)

    def statement(self, connection: Connection, *, day: date, now: datetime) -> Statement:
        """The signed file of a day in Asia/Shanghai."""
        path = f"/v1/statement?day={day.isoformat()}"
        heard = self._call(connection, "GET", path, b"", now=now, max_bytes=STATEMENT_BYTES)
        if heard.doubt or heard.status != 200:  # noqa: PLR2004
            return Statement(problem=heard.doubt or f"http_{heard.status}")
        return listing.read_statement(heard.body)

    def read_callback(
        self,
        connection: Connection,
        *,
        headers: Mapping[str, str],
        body: bytes,
        now: datetime,
        find: Callable[[str], Purchase | None],
    ) -> Callback:
        """Verify signature, key and time over the raw bytes, then read the order."""
        envelope = signing.read_envelope(headers)
        doubt = "huge" if len(body) > CALLBACK_BYTES else ""
        doubt = doubt or signing.doubt_callback(envelope, keys=connection.keys, body=body, now=now)
        try:
            data = {} if doubt == "huge" else reading.parse(body)
        except reading.Unreadable as error:
            data, doubt = {}, doubt or str(error)
        order = data.get("order")
        number = reading.word(order.get("external_id")) if isinstance(order, dict) else ""
        if doubt:
            mark = f"{envelope.callback_id}|{envelope.signature}"
            return refused_callback(number, doubt, body=body, mark=mark)
        answer = reading.read_order(
            order, purchase=find(number), body=body, status=200, with_goods=False
        )
        # The id is one per event; what it claims is part of the key, so that a copy which says
        # something else under a used id is heard too.
        claim = sha256_hex(
            f"{envelope.callback_id}|{number}|{answer.code}|{answer.version}".encode()
        )
        return Callback(number, answer, Strength.STRONG, f"cb:{claim[:48]}")

    def acknowledge(self, connection: Connection, *, accepted: bool) -> Acknowledgement:
        """2xx ends the repeats; anything else keeps them coming."""
        if accepted:
            return Acknowledgement(200, b'{"ok":true}')
        return Acknowledgement(400, b'{"ok":false}')

    def _call(
        self,
        connection: Connection,
        method: str,
        path: str,
        body: bytes,
        *,
        now: datetime,
        max_bytes: int = http.MAX_BYTES,
    ) -> Heard[None]:
        url = connection.base_url.rstrip("/") + path
        nonce, timestamp = new_token(), str(int(now.timestamp()))
        target = urlsplit(url)
        text = signing.request_text(
            method=method,
            target=target.path + (f"?{target.query}" if target.query else ""),
            timestamp=timestamp,
            nonce=nonce,
            body=body,
        )
        headers = {
            "X-Key-Id": connection.key_id,
            "X-Timestamp": timestamp,
            "X-Nonce": nonce,
            "X-Signature": signing.sign(connection.secret, text),
            "Accept": "application/json",
        }
        if body:
            headers["Content-Type"] = "application/json"
        heard: Heard[None] = reach(
            connection, method, url, headers=headers, content=body or None, max_bytes=max_bytes
        )
        if heard.doubt:
            return heard
        doubt = signing.doubt_reply(
            signing.read_envelope(heard.headers),
            secret=connection.secret,
            key_id=connection.key_id,
            nonce=nonce,
            status=heard.status,
            body=heard.body,
            now=now,
        )
        return replace(heard, doubt=doubt)

    def _read(
        self,
        heard: Heard[None],
        purchase: Purchase,
        *,
        errors: Mapping[tuple[int, str], Verdict],
        good: tuple[int, ...],
    ) -> Answer:
        if heard.doubt:
            return heard.unproved()
        try:
            data = reading.parse(heard.body)
        except reading.Unreadable as error:
            return replace(heard, doubt=str(error)).unproved()
        if heard.status in good:
            return reading.read_order(
                data.get("order"), purchase=purchase, body=heard.body, status=heard.status
            )
        code = reading.error_code(data)
        verdict = errors.get((heard.status, code), Verdict.UNKNOWN)
        if verdict is Verdict.UNKNOWN:
            return heard.stamp(unlisted(code))
        return heard.stamp(Answer(verdict, code=code, trusted=True))


ADAPTER = RestHmac()
