"""Dates come true: scheduled products go on sale, and those whose time is over are paused."""

from datetime import datetime

from catalog.models import Product
from catalog.services.change_state import StateRefused, change_state
from catalog.states import ProductState
from core.tx import step

BATCH = 200


def advance_states(*, now: datetime) -> int:
    """Move every product whose date has come, each in its own step; returns how many moved.

    Pages follow the dates by themselves, to the second; this makes the rows say the same.
    """
    starting = Product.objects.filter(state=ProductState.SCHEDULED, on_sale_from__lte=now)
    ending = Product.objects.filter(state=ProductState.ON_SALE, on_sale_until__lte=now)
    moved = 0
    for products, to, why in (
        (starting, ProductState.ON_SALE, "its date came"),
        (ending, ProductState.PAUSED, "its time is over"),
    ):
        for product_id in list(products.order_by("pk").values_list("pk", flat=True)[:BATCH]):
            moved += _advance(product_id, to, now, why)
    return moved


def _advance(product_id: int, to: ProductState, now: datetime, why: str) -> int:
    try:
        with step():
            change_state(product_id=product_id, to=to.value, now=now, acting="worker", why=why)
    except StateRefused:
        # Somebody took its SKUs or prices away since; it stays scheduled and in the list.
        return 0
    return 1
