"""Editions for tests, made and sold as the services do it."""

from datetime import datetime, timedelta

from catalog.models import Sku
from core import clock
from core.ids import new_id
from core.tx import step
from fulfillment.models import Certificate, Edition
from fulfillment.services.editions.save_edition import save_edition
from fulfillment.services.hold import hold
from fulfillment.services.open_deliveries import open_deliveries
from fulfillment.units import HoldLine, Opened, OpenLine
from tests.factories.redemption import make_voucher_sku


def make_edition(size: int = 10, *, sku: Sku | None = None) -> Edition:
    """An edition of vouchers that nobody has bought yet."""
    goods = sku or make_voucher_sku()
    with step():
        return save_edition(sku_id=goods.pk, size=size, by="user:usr_OPERATOR", now=clock.now())


def keep(edition: Edition, units: int = 1, *, now: datetime | None = None) -> str:
    """An order that holds so many pieces for a quarter of an hour. Raises SoldOut."""
    reference, now = new_id("ord"), now or clock.now()
    with step():
        hold(
            reference=reference, lines=[HoldLine("l1", edition.sku_id, units)], channel="main",
            until=now + timedelta(minutes=15), now=now,
        )  # fmt: skip
    return reference


def pay(edition: Edition, reference: str, units: int = 1, *, owner: str = "") -> Opened:
    """Open what was paid for."""
    with step():
        return open_deliveries(
            reference=reference, owner=owner or None, channel="main",
            lines=[OpenLine("l1", edition.sku_id, units)], now=clock.now(),
        )  # fmt: skip


def sell(edition: Edition, units: int = 1, *, owner: str = "usr_OWNER") -> list[Certificate]:
    """Hold and pay at once; the certificates in the order of their numbers."""
    opened = pay(edition, keep(edition, units), units, owner=owner)
    mine = [unit.entitlement for unit in opened.delivered]
    found = Certificate.objects.filter(entitlement__public_id__in=mine)
    return list(found.select_related("entitlement", "edition").order_by("number"))
