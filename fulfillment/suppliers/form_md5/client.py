"""The client of dialect B. One HTTP call per method, no retry, no database."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import partial
from urllib.parse import urlencode

from core import http
from core.crypto import sha256_hex
from core.money import decimal_text
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
from fulfillment.suppliers.form_md5 import callbacks, envelope, listing, reading
from fulfillment.suppliers.form_md5.codes import NOT_FOUND, REFUSALS
from fulfillment.suppliers.form_md5.signing import Recipe, stamp
from fulfillment.suppliers.hearing import Heard, reach
from fulfillment.suppliers.lists import CatalogPage, Statement
from fulfillment.suppliers.options import Option, read_options
from fulfillment.suppliers.telling import Reply, Unreadable, judge, listed, problem, understand

#: A day of fifty thousand lines, in base64.
STATEMENT_BYTES = 24 << 20
_Heard = Heard[Reply]


class FormMd5:
    """Stateless adapter; see docs/protocols/supplier_b.md for every word it knows."""

    title = "Form post, sorted MD5 (game-card channels)"
    capabilities = Capabilities(
        kinds=frozenset({"direct", "card"}),
        asynchronous=True,
        resend_safe=False,
        not_found_is_final=True,
        callback_strength=Strength.WEAK,
        price_guard=True,
        balance=True,
        catalog=True,
        statement=True,
        max_quantity=100,
    )
    options: Mapping[str, Option] = {
        "tail": Option(
            "&key=", choices=("&key=", "&", "none"), help="What stands before the secret"
        ),
        "charset": Option("UTF-8", choices=("UTF-8", "GBK"), help="Of data and signature"),
        "upper": Option(False, help="Signatures in capitals"),
        "codec": Option("json", choices=("json", "xml"), help="How top-ups are answered"),
        "ack": Option("success", choices=("success", "ok"), help="The word that ends the repeats"),
        "path": Option("/api", help="The path below the base URL"),
        "refusals": Option((), help="Further codes that mean: refused, nothing was bought"),
        "not_found": Option(NOT_FOUND, help="Codes by which a query says: no such order"),
    }

    def place(self, connection: Connection, purchase: Purchase, *, now: datetime) -> Answer:
        """Buy once. ``priceLimit`` guards the whole order at the supplier's side."""
        chosen = read_options(connection.options, self.options)
        order: dict[str, object] = {
            **purchase.extra,
            "orderNo": purchase.merchant_no,
            "goodsId": purchase.supplier_sku,
            "num": purchase.quantity,
            "priceLimit": decimal_text(purchase.max_cost_minor, purchase.currency),
            "notifyUrl": connection.callback_url,
        }
        if purchase.account:
            order["account"] = purchase.account
        action = "cardOrder" if purchase.kind == "card" else "directCharge"
        heard = self._call(connection, action, order, now=now)
        known = listed(Verdict.REJECTED, REFUSALS, chosen["refusals"])
        return judge(heard, known, partial(reading.read_order, purchase=purchase, with_cards=False))

    def query(self, connection: Connection, purchase: Purchase, *, now: datetime) -> Answer:
        """Ask by our own number. A question that never left says nothing about the purchase."""
        chosen = read_options(connection.options, self.options)
        action = "cardQuery" if purchase.kind == "card" else "directQuery"
        heard = self._call(connection, action, {"orderNo": purchase.merchant_no}, now=now)
        known = listed(Verdict.NOT_FOUND, also=chosen["not_found"])
        read = partial(reading.read_order, purchase=purchase, with_cards=True)
        return judge(heard, known, read, asking=True)

    def balance(self, connection: Connection, *, now: datetime) -> Balance:
        """Our prepaid money at the supplier, in minor units, or the reason it is not known."""
        heard = self._call(connection, "accountBalance", {}, now=now)
        data = heard.reply.data if heard.reply else None
        if not isinstance(data, dict):
            return Balance(problem=problem(heard) or "unreadable")
        try:
            return Balance(minor=reading.amount(data.get("balance")), as_of=now)
        except Unreadable as error:
            return Balance(problem=str(error))

    def catalog(self, connection: Connection, *, cursor: str, now: datetime) -> CatalogPage:
        """One page of goods with prices and stock as of ``now``; bad entries are set aside."""
        heard = self._call(connection, "goodsList", {"after": cursor}, now=now)
        if heard.reply is None or heard.reply.code:
            return CatalogPage(problem=problem(heard))
        return listing.read_page(heard.reply.data, now=now)

    def statement(self, connection: Connection, *, day: date, now: datetime) -> Statement:
        """The signed file of a day in Asia/Shanghai."""
        asked = {"day": day.isoformat()}
        heard = self._call(connection, "statement", asked, now=now, max_bytes=STATEMENT_BYTES)
        if heard.reply is None or heard.reply.code:
            return Statement(problem=problem(heard))
        return listing.read_statement(heard.reply.data, day=day, digest=sha256_hex(heard.body))

    def read_callback(
        self,
        connection: Connection,
        *,
        headers: Mapping[str, str],
        body: bytes,
        now: datetime,
        find: Callable[[str], Purchase | None],
    ) -> Callback:
        """Verify key, signature and time; whatever it says is a hint."""
        recipe = self._recipe(connection)
        return callbacks.read_callback(connection, recipe=recipe, body=body, now=now, find=find)

    def acknowledge(self, connection: Connection, *, accepted: bool) -> Acknowledgement:
        """The bare word ends the repeats; anything else keeps them coming."""
        if accepted:
            word = read_options(connection.options, self.options)["ack"]
            return Acknowledgement(200, str(word).encode(), "text/plain; charset=utf-8")
        return Acknowledgement(400, b"fail", "text/plain; charset=utf-8")

    def _recipe(self, connection: Connection) -> Recipe:
        chosen = read_options(connection.options, self.options)
        return Recipe(chosen["tail"], chosen["charset"], chosen["upper"])

    def _call(
        self,
        connection: Connection,
        action: str,
        data: Mapping[str, object],
        *,
        now: datetime,
        max_bytes: int = http.MAX_BYTES,
    ) -> _Heard:
        chosen = read_options(connection.options, self.options)
        recipe, secret = self._recipe(connection), connection.keys[connection.key_id]
        try:
            packed = recipe.pack(data)
        except UnicodeEncodeError:
            # Our own text is not in their charset: nothing can be ordered, nothing was sent.
            return Heard(doubt="not_in_charset", sent=False)
        fields = {
            "customerId": connection.key_id,
            "data": packed,
            "timestamp": stamp(now),
            "version": "1.0",
        }
        form = urlencode({**fields, "sign": recipe.sign(fields, secret)})
        heard: _Heard = reach(
            connection,
            "POST",
            f"{connection.base_url.rstrip('/')}{chosen['path']}/{action}",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            content=form.encode("ascii"),
            max_bytes=max_bytes,
        )
        xml = chosen["codec"] == "xml" and action.startswith("direct")
        opened = envelope.open_xml if xml else envelope.open_json
        return understand(heard, partial(opened, recipe=recipe, secret=secret, now=now))


ADAPTER = FormMd5()
