"""A dialect, its counterpart, and what a test of either needs."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from core.ids import new_number
from fulfillment.suppliers.base import (
    Adapter,
    Answer,
    Callback,
    Connection,
    Purchase,
    Verdict,
)
from fulfillment.suppliers.registry import adapter_for
from simulators.supply.script import Supplier as Script
from tests.factories.supply import KEY_ID, PHONE

#: Thirty-two characters, so that a dialect may take it for an AES-256 key.
SECRET = "a-test-secret-of-32-characters-x"
COST = 1650
SHANGHAI = ZoneInfo("Asia/Shanghai")

#: Faults of the line: parameters, and whether the supplier did it all the same.
LINE: dict[str, tuple[dict[str, Any], bool]] = {
    "drop_before": ({}, False),
    "error_before": ({"status": 503}, False),
    "rate_limited": ({"retry_after": 7}, False),
    "redirect": ({"location": "http://127.0.0.1:1/"}, False),
    "drop_after": ({}, True),
    "error_after": ({"status": 502}, True),
    "rate_limited_after": ({}, True),
    "half_body": ({}, True),
    "bad_signature": ({}, True),
    "wrong_nonce": ({}, True),
    "stale_reply": ({}, True),
    "bom": ({}, True),
    "charset": ({}, True),
    "not_json": ({}, True),
    "empty": ({}, True),
    "huge": ({"bytes": 50_000_000}, True),
    "gzip_bomb": ({"bytes": 50_000_000}, True),
}
#: Refusals by the engine's word; the adapter may say them in a word of its own.
REFUSALS = ("OUT_OF_STOCK", "PRODUCT_OFF", "UNKNOWN_PRODUCT", "BAD_ACCOUNT",
            "INSUFFICIENT_BALANCE", "QUANTITY_ABOVE_LIMIT")  # fmt: skip


@dataclass(frozen=True)
class Kit:
    """What the suite must be told of a dialect."""

    dialect: str
    #: The counterpart's name, and its module when that is not ``simulators.<name>``.
    simulator: str
    module: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    #: Faults of the line that cannot be told in this dialect (no nonce, no time in an answer, …).
    cannot_tell: frozenset[str] = frozenset()
    #: Ways in which cards can be spoiled in the look-up (``odd_cards``).
    odd_cards: tuple[str, ...] = ("none", "empty", "blank", "half")
    #: What a script sends before the first test (a recipe, say).
    prepare: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def adapter(self) -> Adapter:
        return adapter_for(self.dialect)

    def connection(self, url: str, **changes: Any) -> Connection:
        values: dict[str, Any] = {
            "code": "x", "base_url": url, "key_id": KEY_ID, "keys": {KEY_ID: SECRET},
            "options": self.options, "callback_url": "http://127.0.0.1:9/suppliers/x/callback/",
        }  # fmt: skip
        return Connection(**{**values, **changes})


def now() -> datetime:
    return datetime.now(UTC)


def purchase(**changes: Any) -> Purchase:
    values = {"merchant_no": new_number("Q"), "supplier_sku": "TOPUP-1", "kind": "direct",
              "max_cost_minor": COST, "account": PHONE, **changes}  # fmt: skip
    return Purchase(**values)


def card() -> Purchase:
    return purchase(supplier_sku="CARD-1", kind="card", account="")


class Bench:
    """One adapter at its counterpart: what a test of either needs."""

    def __init__(self, kit: Kit, url: str, script: Script) -> None:
        self.kit, self.url, self.script = kit, url, script
        self.adapter = kit.adapter
        self.link = kit.connection(url)

    def place(self, buy: Purchase, link: Connection | None = None) -> Answer:
        return self.adapter.place(link or self.link, buy, now=now())

    def ask(self, buy: Purchase, link: Connection | None = None) -> Answer:
        return self.adapter.query(link or self.link, buy, now=now())

    def read(self, made: Any, known: Purchase | None) -> Callback:
        return self.adapter.read_callback(
            self.link, headers=made.headers, body=made.body, now=now(), find=lambda _no: known
        )

    def fault(self, fault: str, buy: Purchase, *, op: str = "order", **params: Any) -> None:
        self.script.fault(fault, op=op, match={"external_id": buy.merchant_no}, **params)

    def stuck(self, buy: Purchase | None = None) -> Purchase:
        """An order that was taken and does not go on by itself."""
        buy = buy or purchase()
        self.fault("stuck", buy, state="SUBMITTED")
        assert self.place(buy).verdict is Verdict.ACCEPTED
        return buy

    def grants(self, buy: Purchase) -> list[dict[str, Any]]:
        return self.script.grants(external_id=buy.merchant_no)

    def orders(self, buy: Purchase) -> list[dict[str, Any]]:
        return self.script.orders(external_id=buy.merchant_no)


def today() -> date:
    """The day of Shanghai."""
    return now().astimezone(SHANGHAI).date()
