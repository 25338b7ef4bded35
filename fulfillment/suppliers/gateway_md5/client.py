"""The client of dialect A. No retry, no database; one order is one call, and one before it for the price."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from typing import Any

from core import http
from core.crypto import sha256_hex
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
from fulfillment.suppliers.gateway_md5 import callbacks, listing, reading, signing
from fulfillment.suppliers.gateway_md5.codes import NOT_FOUND, REFUSALS
from fulfillment.suppliers.hearing import Heard, reach
from fulfillment.suppliers.lists import CatalogPage, Rejected, Statement, StatementLine
from fulfillment.suppliers.options import Option, read_options
from fulfillment.suppliers.telling import Reply, Unreadable, judge, listed, problem, understand

#: The whole list of goods comes in one answer.
LIST_BYTES = 8 << 20
_Heard = Heard[Reply]


class GatewayMd5:
    """Stateless adapter; see docs/protocols/supplier_a.md for every word it knows."""

    title = "Gateway JSON, character-sorted MD5 (Fulu family)"
    capabilities = Capabilities(
        kinds=frozenset({"direct", "card"}),
        asynchronous=True,
        # Nobody has put it in writing that a lost number may be given up or sent again.
        resend_safe=False,
        not_found_is_final=False,
        callback_strength=Strength.WEAK,
        price_guard=True,
        balance=True,
        catalog=True,
        statement=True,
        max_quantity=100,
    )
    options: Mapping[str, Option] = {
        "prefix": Option("fulu", help="What method names begin with"),
        "path": Option("/api/getway", help="The gateway's path below the base URL"),
        "price_check": Option(True, help="Ask for the price right before each order"),
        "refusals": Option((), help="Further codes that mean: refused, nothing was bought"),
        "not_found": Option(NOT_FOUND, help="Codes by which a look-up says: no such order"),
    }

    def place(self, connection: Connection, purchase: Purchase, *, now: datetime) -> Answer:
        """Buy once. Cards never come in this answer; the query brings them.

        The protocol knows no highest price. So the price is asked first: above the limit nothing
        is ordered, and when it cannot be had, nothing was sent.
        """
        chosen = read_options(connection.options, self.options)
        by_value = purchase.supplier_sku.startswith(reading.MOBILE)
        if chosen["price_check"] and not by_value:
            obstacle = self._price_obstacle(connection, purchase, now=now)
            if obstacle is not None:
                return obstacle
        method, content = _order_of(purchase, by_value=by_value)
        heard = self._call(connection, method, content, now=now)
        known = listed(Verdict.REJECTED, REFUSALS, chosen["refusals"])
        return judge(heard, known, _reader(connection, purchase, cards=False))

    def query(self, connection: Connection, purchase: Purchase, *, now: datetime) -> Answer:
        """Ask by our own number. A question that never left says nothing about the purchase."""
        chosen = read_options(connection.options, self.options)
        content = {"customer_order_no": purchase.merchant_no}
        heard = self._call(connection, "order.info.get", content, now=now)
        known = listed(Verdict.NOT_FOUND, also=chosen["not_found"])
        return judge(heard, known, _reader(connection, purchase, cards=True), asking=True)

    def balance(self, connection: Connection, *, now: datetime) -> Balance:
        """Our prepaid money at the supplier, in whole fen, or the reason it is not known."""
        heard = self._call(connection, "user.info.get", {}, now=now)
        result = heard.reply.data if heard.reply else None
        if not isinstance(result, dict):
            return Balance(problem=problem(heard) or "unreadable")
        try:
            # A part of a fen is not ours to spend.
            return Balance(minor=-reading.minor(-_number(result.get("balance"))), as_of=now)
        except Unreadable as error:
            return Balance(problem=str(error))

    def catalog(self, connection: Connection, *, cursor: str, now: datetime) -> CatalogPage:
        """The list of goods, which this dialect sends whole; ``cursor`` stays empty."""
        heard = self._call(connection, "goods.list.get", {}, now=now, max_bytes=LIST_BYTES)
        if heard.reply is None or heard.reply.code:
            return CatalogPage(problem=problem(heard))
        return listing.read_goods(heard.reply.data, now=now)

    def statement(self, connection: Connection, *, day: date, now: datetime) -> Statement:
        """The movements of a day in Asia/Shanghai, page by page; a bad page spoils the day."""
        lines: list[StatementLine] = []
        rejected: list[Rejected] = []
        raw = b""
        page = pages = 0
        while page < max(pages, 1):
            page += 1
            content = {"day": day.isoformat(), "page": page}
            heard = self._call(connection, "statement.get", content, now=now)
            if heard.reply is None or heard.reply.code:
                return Statement(problem=problem(heard))
            try:
                pages, read = listing.read_lines(heard.reply.data, day=day, page=page)
            except Unreadable as error:
                return Statement(problem=str(error))
            at = len(lines) + len(rejected)
            lines += [one for one in read if isinstance(one, StatementLine)]
            rejected += [
                replace(one, place=at + one.place) for one in read if isinstance(one, Rejected)
            ]
            raw += heard.body + b"\n"
        return Statement(tuple(lines), rejected=tuple(rejected), digest=sha256_hex(raw), raw=raw)

    def read_callback(
        self,
        connection: Connection,
        *,
        headers: Mapping[str, str],
        body: bytes,
        now: datetime,
        find: Callable[[str], Purchase | None],
    ) -> Callback:
        """Verify and read; whatever it says is a hint, for its characters may be permuted."""
        return callbacks.read_callback(connection, body=body, find=find)

    def acknowledge(self, connection: Connection, *, accepted: bool) -> Acknowledgement:
        """The bare word ``success`` ends the repeats; anything else keeps them coming."""
        if accepted:
            return Acknowledgement(200, b"success", "text/plain; charset=utf-8")
        return Acknowledgement(400, b"fail", "text/plain; charset=utf-8")

    def _price_obstacle(
        self, connection: Connection, purchase: Purchase, *, now: datetime
    ) -> Answer | None:
        """Why this is not ordered at the price of the moment; None when it may be."""
        content = {"product_id": _product_id(purchase.supplier_sku)}
        heard = self._call(connection, "goods.info.get", content, now=now)
        price = None
        if heard.reply is not None and not heard.reply.code:
            price = listing.read_price(heard.reply.data, supplier_sku=purchase.supplier_sku)
        elif heard.reply is not None and heard.reply.code in REFUSALS:
            word = REFUSALS[heard.reply.code]
            return heard.stamp(Answer(Verdict.REJECTED, code=word, trusted=True))
        if price is None:
            why = f"price: {problem(heard) or 'unreadable'}"[:60]
            return heard.stamp(Answer(Verdict.NOT_SENT, problem=why))
        if price * purchase.quantity > purchase.max_cost_minor:
            return heard.stamp(
                Answer(
                    Verdict.REJECTED,
                    cost_minor=price * purchase.quantity,
                    code="PRICE_ABOVE_LIMIT",
                    trusted=True,
                )
            )
        return None

    def _call(
        self,
        connection: Connection,
        method: str,
        content: Mapping[str, object],
        *,
        now: datetime,
        max_bytes: int = http.MAX_BYTES,
    ) -> _Heard:
        chosen = read_options(connection.options, self.options)
        secret = connection.keys[connection.key_id]
        fields = signing.request_fields(
            method=f"{chosen['prefix']}.{method}",
            app_key=connection.key_id,
            secret=secret,
            content=content,
            now=now,
        )
        heard: _Heard = reach(
            connection,
            "POST",
            connection.base_url.rstrip("/") + str(chosen["path"]),
            headers={"Content-Type": "application/json; charset=utf-8"},
            content=signing.compact(fields).encode(),
            max_bytes=max_bytes,
        )
        return understand(heard, partial(reading.open_reply, secret=secret))


def _reader(
    connection: Connection, purchase: Purchase, *, cards: bool
) -> Callable[[object], Answer]:
    secret = connection.keys[connection.key_id]
    return partial(reading.read_order, purchase=purchase, secret=secret, with_cards=cards)


def _order_of(purchase: Purchase, *, by_value: bool) -> tuple[str, dict[str, object]]:
    """Method and content of an order: a card, credit by value, or a top-up with its fields."""
    number: dict[str, object] = {"customer_order_no": purchase.merchant_no}
    if by_value:
        value = purchase.supplier_sku.removeprefix(reading.MOBILE)
        return "order.mobile.add", {
            **number, "charge_phone": purchase.account, "charge_value": value,
        }  # fmt: skip
    wanted = {
        **number,
        "product_id": _product_id(purchase.supplier_sku),
        "buy_num": purchase.quantity,
    }
    if purchase.kind == "card":
        return "order.card.add", wanted
    return "order.direct.add", {**purchase.extra, **wanted, "charge_account": purchase.account}


def _product_id(sku: str) -> int | str:
    """The document's numbers are whole numbers; other families of this dialect use texts."""
    plain = sku.isascii() and sku.isdigit() and not sku.startswith("0")
    return int(sku) if plain else sku


def _number(value: object) -> Any:
    if isinstance(value, bool) or not hasattr(value, "__neg__"):
        raise Unreadable("bad_money")
    return value


ADAPTER = GatewayMd5()
