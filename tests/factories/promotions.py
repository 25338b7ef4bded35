"""Promotions that are switched on."""

from typing import Any

from core import clock
from orders.models import Promotion
from orders.models.promotion import Stack, Trigger
from orders.queries import promotions
from orders.queries.promotions import terms_sha
from orders.states import PromotionState

STACK = {
    "special_price": Stack.PRICE, "percent_off": Stack.ITEM, "nth_unit": Stack.ITEM,
    "several_for": Stack.ITEM, "amount_off": Stack.ORDER, "gift_with": Stack.GIFT,
}  # fmt: skip


def make_promotion(
    kind: str = "percent_off", params: dict[str, Any] | None = None, **more: Any
) -> Promotion:
    """A promotion in force, ten percent off everything unless told otherwise; known at once."""
    now = clock.now()
    code = str(more.pop("code", ""))
    told: dict[str, Any] = {
        "name": "活动", "name_en": "Offer", "kind": kind, "params": params or {"off_bp": 1000},
        "stack": Stack.COUPON if code else STACK[kind], "code": code,
        "trigger": Trigger.CODE if code else Trigger.AUTOMATIC,
        "state": PromotionState.LIVE, "state_at": now, "created_at": now, "created_by": "test",
        **more,
    }  # fmt: skip
    row = Promotion(**told)
    row.subsidy_sha = terms_sha(row) if row.subsidy_minor else ""
    row.save()
    fresh()
    return row


def fresh() -> None:
    """Let this process see promotions that were just changed."""
    promotions.changed()
    promotions.forget()
