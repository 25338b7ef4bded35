"""Things people own, for tests: bought, given and held as the services leave them."""

from datetime import timedelta
from typing import Any

from catalog.models import Sku
from core import clock
from core.ids import new_id
from core.tx import step
from fulfillment.models import Entitlement
from fulfillment.services.hold import HoldLine, hold
from fulfillment.services.open_deliveries import open_deliveries
from fulfillment.services.wallet.claim_gift import Claimed, claim_gift
from fulfillment.services.wallet.give import Given, Wish, give
from fulfillment.units import OpenLine
from tests.factories.fulfillment import make_stock


def buy(owner: str = "", units: int = 1, *, sku: Sku | None = None) -> list[Entitlement]:
    """Units of one SKU, bought by `owner` (a user's public id) or a guest ("")."""
    reference, now = new_id("ord"), clock.now()
    goods = sku or make_stock(units)
    with step():
        if goods.product.product_type.delivery_kind == "pool":
            hold(
                reference=reference, lines=[HoldLine("l1", goods.pk, units)],
                until=now + timedelta(minutes=15), channel="main", now=now,
            )  # fmt: skip
        open_deliveries(
            reference=reference, owner=owner or None, channel="main",
            lines=[OpenLine("l1", goods.pk, units)], now=now,
        )  # fmt: skip
    return list(Entitlement.objects.filter(reference=reference).order_by("id"))


def buy_one(owner: str = "", **more: Any) -> Entitlement:
    (row,) = buy(owner, 1, **more)
    return row


def given(row: Entitlement, **wish: str) -> Given:
    """Put it on its way; its owner gives."""
    row.refresh_from_db()
    by = f"user:{row.owner}" if row.owner else "guest"
    return give(
        entitlement=row.public_id, giver=row.owner, by=by, wish=Wish(**wish), moves=row.moves,
        now=clock.now(),
    )  # fmt: skip


def claim(gift: Given, claimer: str = "") -> Claimed:
    """Accept it, as an account or as a guest."""
    return claim_gift(
        gift=gift.gift.public_id, token=gift.token, claimer=claimer,
        by=f"user:{claimer}" if claimer else "guest", now=clock.now(),
    )  # fmt: skip
