"""The client of dialect C. One HTTP call per method, no retry, no database."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from typing import Any
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
from fulfillment.suppliers.hearing import CALLBACK_BYTES, Heard, reach, refused_callback
from fulfillment.suppliers.lists import CatalogPage, Statement
from fulfillment.suppliers.options import Option
from fulfillment.suppliers.rest_hmac import listing, reading, signing
from fulfillment.suppliers.rest_hmac.codes import NOT_FOUND, REFUSALS
from fulfillment.suppliers.telling import Reply, Unreadable, judge, listed, problem, understand

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
        heard = self._call(connection, "POST", "/v1/orders", body, now=now, good=(200, 201))
        return judge(heard, listed(Verdict.REJECTED, REFUSALS), _reader(purchase))

    def query(self, connection: Connection, purchase: Purchase, *, now: datetime) -> Answer:
        """Ask by our own number."""
        path = "/v1/orders/by-external-id/" + quote(purchase.merchant_no, safe="")
        heard = self._call(connection, "GET", path, b"", now=now)
        known = listed(Verdict.NOT_FOUND, NOT_FOUND)
        return judge(heard, known, _reader(purchase), asking=True)

    def balance(self, connection: Connection, *, now: datetime) -> Balance:
        """Our prepaid money at the supplier, in minor units, or the reason it is not known."""
        heard = self._call(connection, "GET", "/v1/balance", b"", now=now)
        if heard.reply is None or heard.reply.code:
            return Balance(problem=problem(heard))
        try:
            currency = reading.word(heard.reply.data.get("currency"), 3)
            minor = parse_minor(reading.word(heard.reply.data.get("balance")), currency)
        except BadMoney as error:
            return Balance(problem=str(error)[:60])
        return Balance(minor=minor, currency=currency, as_of=now)

    def catalog(self, connection: Connection, *, cursor: str, now: datetime) -> CatalogPage:
        """One page of goods with prices and stock as of ``now``; bad entries are set aside."""
        path = "/v1/products?" + urlencode({"cursor": cursor, "limit": PAGE_ITEMS})
        heard = self._call(connection, "GET", path, b"", now=now)
        if heard.reply is None or heard.reply.code:
            return CatalogPage(problem=problem(heard))
        return listing.read_page(heard.reply.data, now=now)

    def statement(self, connection: Connection, *, day: date, now: datetime) -> Statement:
        """The signed file of a day in Asia/Shanghai."""
        path = f"/v1/statement?day={day.isoformat()}"
        heard = self._call(
            connection, "GET", path, b"", now=now, max_bytes=STATEMENT_BYTES, plain=True
        )
        if heard.reply is None:
            return Statement(problem=problem(heard))
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
        except Unreadable as error:
            data, doubt = {}, doubt or str(error)
        order = data.get("order")
        number = reading.word(order.get("external_id")) if isinstance(order, dict) else ""
        if doubt:
            mark = f"{envelope.callback_id}|{envelope.signature}"
            return refused_callback(number, doubt, body=body, mark=mark)
        answer = reading.read_order(order, purchase=find(number), with_goods=False)
        answer = replace(answer, digest=sha256_hex(body))
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
        good: tuple[int, ...] = (200,),
        plain: bool = False,
    ) -> Heard[Reply]:
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
        heard: Heard[Reply] = reach(
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
        heard = replace(heard, doubt=doubt)
        if plain:
            return understand(heard, lambda file: Reply(data=file))
        read = partial(reading.open_reply, status=heard.status, good=good)
        return understand(heard, read, status=None)


def _reader(purchase: Purchase) -> Callable[[Mapping[str, Any]], Answer]:
    return lambda data: reading.read_order(data.get("order"), purchase=purchase)


ADAPTER = RestHmac()
