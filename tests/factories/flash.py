"""Flash sales whose units are cut."""

import itertools
from datetime import timedelta
from typing import Any

from catalog.models import Sku
from core import clock
from orders.models import FlashSale, Order
from orders.queries import flash
from orders.services.flash.flash_rule import flash_rule, subsidy_sha
from orders.services.flash.run_flash import advance_flashes, cut_flash
from orders.services.place_order import Placed
from risk.values import value_index
from tests.factories.orders import item, place

_numbers = itertools.count(1)


def draft_flash(sku: Sku, *, units: int = 10, price_minor: int = 6000, **more: Any) -> FlashSale:
    """A draft that runs for an hour from a minute ago on."""
    now = clock.now()
    told: dict[str, Any] = {
        "slug": f"flash-{next(_numbers)}", "name": "限时秒杀", "name_en": "Flash sale", "sku": sku,
        "price_minor": price_minor, "units": units, "starts_at": now - timedelta(minutes=1),
        "ends_at": now + timedelta(hours=1), "state_at": now, "created_at": now,
        "created_by": "test", **more,
    }  # fmt: skip
    row = FlashSale(**told)
    row.subsidy_sha = subsidy_sha(row) if row.subsidy_minor else ""
    row.save()
    return row


def make_flash(sku: Sku, **more: Any) -> FlashSale:
    """A sale that runs, known at once."""
    row = draft_flash(sku, **more)
    now = clock.now()
    cut_flash(sale=row.public_id, by="test", now=now)
    advance_flashes(now=now)
    flash.forget()
    row.refresh_from_db()
    return row


def flash_form(sale: FlashSale, contact: str = "", **more: Any) -> dict[str, Any]:
    """What the sale's page adds to a checkout form."""
    known = (value_index("mail", contact).hex()[:32],) if contact else ()
    form: dict[str, Any] = {"contact": contact} if contact else {}
    return {
        **form, "rules": (flash_rule(sale, identities=known),), "promotions": False,
        "hold_seconds": sale.hold_seconds, **more,
    }  # fmt: skip


def place_flash(sale: FlashSale, contact: str = "", **more: Any) -> Placed:
    """Order one unit at the sale's price."""
    return place(item(sale.sku), **flash_form(sale, contact, **more))


def order_flash(sale: FlashSale, contact: str = "", **more: Any) -> Order:
    return Order.objects.get(public_id=place_flash(sale, contact, **more).order)
