"""Bundles for tests, and buyers of them."""

from collections.abc import Sequence
from typing import Any

from catalog.models import BundleGroup, BundlePart, Sku
from catalog.queries import offer
from core import clock
from orders.services.quote import Item
from tests.factories.catalog import channel, fresh, make_product, make_sku, make_type
from tests.factories.orders import PHONE, stocked

Parts = Sequence[tuple[Sku, int]]


def make_bundle(*groups: tuple[int | None, Parts], price_minor: int = 3690, **values: Any) -> Sku:
    """A bundle on sale; each group is (how many are chosen or None, (SKU, units)…)."""
    product = values.pop("product", None) or make_product(product_type=make_type("bundle"))
    sku = make_sku(
        product=product, price_minor=price_minor, cost_minor=None, market_price_minor=None,
        face_value_minor=None, stock_mode="parts", **values,
    )  # fmt: skip
    for position, (choose, parts) in enumerate(groups):
        group = BundleGroup.objects.create(bundle=sku, position=position, choose=choose)
        for place, (part, units) in enumerate(parts):
            BundlePart.objects.create(group=group, sku=part, quantity=units, position=place)
    fresh()
    return sku


def topup(price_minor: int, **values: Any) -> Sku:
    """A top-up by phone."""
    return make_sku(kind="topup", price_minor=price_minor, cost_minor=1, **values)


def weekend(units: int = 5) -> tuple[Sku, tuple[Sku, Sku, Sku]]:
    """A bundle for 36.90 of two top-ups (19.90, 6.60) and a code of our pool (13.90)."""
    parts = (topup(1990), topup(660), stocked(units, price_minor=1390, cost_minor=1))
    return make_bundle((None, [(part, 1) for part in parts])), parts


def bundle_item(sku: Sku, quantity: int = 1, *picks: Sku, **inputs: str) -> Item:
    """A bundle as the product page's form asks for it."""
    shown = offer(sku.code, channel(), clock.now())
    assert shown is not None
    assert shown.bundle is not None
    return Item(
        sku.code, quantity, inputs or {"phone": PHONE}, tuple(pick.code for pick in picks),
        shown.bundle.contents,
    )  # fmt: skip
