"""Outside channels for tests, made by the services that make them in the shop."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from catalog.models import Sku
from core import approvals, clock
from core.crypto import ensure_data_key
from core.money import decimal_text
from distribution.models import Marketplace
from distribution.services.make_key import make_key
from distribution.services.save_market import Connection, make_market
from distribution.services.set_limit import ask_for_limit
from fulfillment.suppliers.base import Answer, Purchase
from fulfillment.suppliers.base import Connection as Line
from fulfillment.suppliers.form_md5.client import ADAPTER
from fulfillment.suppliers.form_md5.signing import Recipe, stamp
from tests.factories.accounts import make_staff
from tests.factories.catalog import make_channel

LIMIT = 10_000_000
PATH = "/api/market/b"
#: Options that the dialect's client knows too.
SHARED = ("tail", "charset", "upper", "codec", "ack")
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Place:
    """An outside channel, and the dialect's own client as which it calls us."""

    code: str
    key: str
    secret: str = field(repr=False)
    url: str = ""
    recipe: Mapping[str, Any] = field(default_factory=dict)

    @property
    def row(self) -> Marketplace:
        return Marketplace.objects.select_related("channel").get(code=self.code)

    def line(self, **changes: Any) -> Line:
        """The connection of its client; `key_id` and `keys` may be others."""
        options = {name: value for name, value in self.recipe.items() if name in SHARED}
        values: dict[str, Any] = {
            "code": self.code, "base_url": self.url, "key_id": self.key,
            "keys": {self.key: self.secret}, "options": {**options, "path": PATH},
        }  # fmt: skip
        return Line(**(values | changes))

    def order(self, purchase: Purchase, **changes: Any) -> Answer:
        return ADAPTER.place(self.line(**changes), purchase, now=clock.now())

    def query(self, purchase: Purchase, **changes: Any) -> Answer:
        return ADAPTER.query(self.line(**changes), purchase, now=clock.now())


def make_place(
    code: str = "jd", *, url: str = "", limit_minor: int = LIMIT, callback_url: str = "",
    addresses: str = "", **recipe: Any,
) -> Place:  # fmt: skip
    """An outside channel with a sales channel of its own, one key and a limit two persons gave it."""
    ensure_data_key()
    make_channel(code)
    now = clock.now()
    connection = Connection(code.upper(), callback_url, addresses, recipe)
    make_market(code=code, channel=code, connection=connection, by="user:usr_A", now=now)
    made = make_key(market=code, by="user:usr_A", now=now)
    if limit_minor:
        give_limit(code, limit_minor)
    return Place(code, made.key, made.secret, url, recipe)


def give_limit(code: str, limit_minor: int) -> None:
    """Two persons agree on a limit."""
    maker, checker = make_staff("finance"), make_staff("owner")
    asked = ask_for_limit(
        code=code, limit_minor=limit_minor, by=maker.public_id, reason="contract", now=clock.now()
    )
    approvals.decide(approval_id=asked.public_id, by=checker.public_id, agree=True, now=clock.now())


def purchase(sku: Sku, units: int = 1, *, number: str = "", **changes: Any) -> Purchase:
    """An order of a code, or of a top-up when an account is named, as the client places it."""
    values: dict[str, Any] = {
        "merchant_no": number or f"JD{next(_numbers):08d}",
        "supplier_sku": sku.code,
        "kind": "direct" if changes.get("account") else "card",
        "max_cost_minor": 10**8,
        "quantity": units,
    }
    return Purchase(**(values | changes))


def form_of(place: Place, data: Mapping[str, object], /, **changes: str) -> dict[str, str]:
    """A rightly signed call, field by field; `changes` are made before it is signed."""
    recipe = Recipe(
        place.recipe.get("tail", "&key="), place.recipe.get("charset", "UTF-8"),
        bool(place.recipe.get("upper", False)),
    )  # fmt: skip
    fields = {
        "customerId": place.key, "data": recipe.pack(data), "timestamp": stamp(clock.now()),
        "version": "1.0", **changes,
    }  # fmt: skip
    return {**fields, "sign": recipe.sign(fields, place.secret)}


def order_data(sku: Sku, number: str, units: int = 1, **more: object) -> dict[str, object]:
    """What `cardOrder` asks for."""
    return {
        "orderNo": number, "goodsId": sku.code, "num": units,
        "priceLimit": decimal_text(10**8), **more,
    }  # fmt: skip
