"""The client of dialect C. One HTTP call per method, no retry, no database."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
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
from fulfillment.suppliers.lists import CatalogPage, Statement
from fulfillment.suppliers.rest_hmac import listing, reading, signing
from fulfillment.suppliers.rest_hmac.codes import LOOKUP_ERRORS, REFUSALS

#: A callback never carries goods; more than this is not one.
CALLBACK_BYTES = 64 * 1024
#: A day of fifty thousand lines; the only answer that may be more than a mebibyte.
STATEMENT_BYTES = 16 << 20
#: Goods a page is asked for.
PAGE_ITEMS = 500
#: A supplier may ask us to slow down, not to stop for a day.
RETRY_AFTER_SECONDS = 600


@dataclass(frozen=True, slots=True)
class _Heard:
    """One call's outcome: a reply with our doubt about it, or why there is none."""

    status: int = 0
    body: bytes = b""
    doubt: str = ""
    sent: bool = True
    retry_after_seconds: int = 0

    def unproved(self) -> Answer:
        """The answer when nothing in the reply may be believed."""
        return Answer(
            Verdict.UNKNOWN if self.sent else Verdict.NOT_SENT,
            problem=self.doubt,
            digest=sha256_hex(self.body) if self.body else "",
            status=self.status,
            retry_after_seconds=self.retry_after_seconds,
        )


class RestHmac:
    """Stateless adapter; see docs/protocols/supplier_c.md for every word it knows."""

    title = "REST JSON, HMAC-SHA256"
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
        answer = self._read(heard, purchase, errors=LOOKUP_ERRORS, good=(200,))
        # A question that never left says nothing about the purchase.
        return replace(answer, verdict=Verdict.UNKNOWN) if not heard.sent else answer

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
        digest = sha256_hex(body)
        doubt = "huge" if len(body) > CALLBACK_BYTES else ""
        doubt = doubt or signing.doubt_callback(envelope, keys=connection.keys, body=body, now=now)
        try:
            data = {} if doubt == "huge" else reading.parse(body)
        except reading.Unreadable as error:
            data, doubt = {}, doubt or str(error)
        order = data.get("order")
        number = reading.word(order.get("external_id")) if isinstance(order, dict) else ""
        if doubt:
            # Its own key space: a forged copy must not use up the number of the true message.
            refused = Answer(Verdict.UNKNOWN, problem=doubt, digest=digest)
            key = sha256_hex(f"{envelope.callback_id}|{envelope.signature}|{digest}".encode())
            return Callback(number, refused, Strength.NONE, f"refused:{key[:40]}")
        answer = reading.read_order(
            order, purchase=find(number), body=body, status=200, with_goods=False
        )
        # The id is one per event; what it claims is part of the key, so that a copy which says
        # something else under a used id is heard too.
        claim = sha256_hex(
            f"{envelope.callback_id}|{number}|{answer.code}|{answer.version}".encode()
        )
        return Callback(number, answer, Strength.STRONG, f"cb:{claim[:48]}")

    def acknowledge(self, *, accepted: bool) -> Acknowledgement:
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
    ) -> _Heard:
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
        try:
            reply = http.call(
                method,
                url,
                name=f"supplier:{connection.code}",
                headers=headers,
                content=body or None,
                max_bytes=max_bytes,
            )
        except http.NotSent:
            return _Heard(doubt="not_sent", sent=False)
        except http.Unclear as error:
            return _Heard(doubt=f"unclear: {error}"[:60])
        envelope = signing.read_envelope(reply.headers)
        doubt = signing.doubt_reply(
            envelope,
            secret=connection.secret,
            key_id=connection.key_id,
            nonce=nonce,
            status=reply.status,
            body=reply.body,
            now=now,
        )
        wait = {name.lower(): value for name, value in reply.headers.items()}.get("retry-after", "")
        seconds = min(int(wait), RETRY_AFTER_SECONDS) if wait.isascii() and wait.isdigit() else 0
        return _Heard(reply.status, reply.body, doubt, retry_after_seconds=seconds)

    def _read(
        self,
        heard: _Heard,
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
            return replace(heard.unproved(), problem=str(error))
        if heard.status in good:
            return reading.read_order(
                data.get("order"), purchase=purchase, body=heard.body, status=heard.status
            )
        code = reading.error_code(data)
        verdict = errors.get((heard.status, code), Verdict.UNKNOWN)
        return Answer(
            verdict,
            code=code,
            problem="" if verdict is not Verdict.UNKNOWN else "unlisted_code",
            digest=sha256_hex(heard.body),
            status=heard.status,
            trusted=True,
            retry_after_seconds=heard.retry_after_seconds,
        )


ADAPTER = RestHmac()
