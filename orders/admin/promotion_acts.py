"""What can be done to a promotion besides editing it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import clock
from core.admin.base import actor
from orders.models import Promotion
from orders.queries.promotion_goods import breaches
from orders.services.promotions.change_promotion import change_promotion
from orders.services.promotions.copy_promotion import copy_promotion
from orders.services.promotions.promotion_subsidy import request_subsidy
from orders.services.promotions.save_promotion import Wish, save_promotion
from orders.states import PromotionState

OFF = (PromotionState.DRAFT.value, PromotionState.PAUSED.value)


@dataclass(frozen=True, slots=True)
class Act:
    """In which states it makes sense, which right it takes, and what will happen."""

    states: tuple[str, ...]
    act: str
    title: Any
    text: Any


ACTS = {
    "live": Act(
        OFF, "orders.promotion_switch", gettext_lazy("Switch on"),
        gettext_lazy(
            "Buyers get it from its start on, at once if that has passed. Its terms stand still while"
            " it is on. It is refused when goods would be sold under their floor."
        ),
    ),
    "subsidy": Act(
        OFF, "orders.promotion_subsidy", gettext_lazy("Ask for the subsidy"),
        gettext_lazy(
            "A second person reads the terms and agrees that it may sell under the floor, up to the"
            " subsidy. Changing the terms later takes the agreement away."
        ),
    ),
    "leave-out": Act(
        OFF, "orders.promotion_edit", gettext_lazy("Leave out goods under the floor"),
        gettext_lazy("Every good that it would sell under its floor is put among “never these”."),
    ),
    "copy": Act(
        (*OFF, PromotionState.LIVE.value, PromotionState.ENDED.value), "orders.promotion_edit",
        gettext_lazy("Once more"),
        gettext_lazy("A draft with the same terms, goods and limits, and without dates."),
    ),
    "end": Act(
        (*OFF, PromotionState.LIVE.value), "orders.promotion_switch", gettext_lazy("End"),
        gettext_lazy(
            "It is over for good. Orders placed with it keep their price; a copy can be made at any time."
        ),
    ),
}  # fmt: skip
Run = Callable[[Promotion, str, HttpRequest], tuple[str, Promotion]]


def _to(state: PromotionState, told: Any) -> Run:
    def run(row: Promotion, why: str, request: HttpRequest) -> tuple[str, Promotion]:
        change_promotion(
            promotion=row.public_id, to=state.value, why=why, by=actor(request), now=clock.now()
        )
        return str(told), row

    return run


def _subsidy(row: Promotion, why: str, request: HttpRequest) -> tuple[str, Promotion]:
    by = request.user.public_id  # type: ignore[union-attr]
    request_subsidy(promotion=row.public_id, reason=why, by=by, now=clock.now())
    return _("Asked. Another person finds it among the approvals."), row


def _leave_out(row: Promotion, why: str, request: HttpRequest) -> tuple[str, Promotion]:
    codes = [f"sku:{one.offer.sku_code}" for one in breaches(row, now=clock.now())]
    told = {name: getattr(row, name) for name in Wish.__dataclass_fields__}
    told["goods_left_out"] = list(dict.fromkeys([*row.goods_left_out, *codes]))
    save_promotion(wish=Wish(**told), promotion=row.public_id, by=actor(request), now=clock.now())
    return _("Left out: %(n)s.") % {"n": len(codes)}, row


def _copy(row: Promotion, why: str, request: HttpRequest) -> tuple[str, Promotion]:
    made = copy_promotion(promotion=row.public_id, by=actor(request), now=clock.now())
    return _("This is the copy: a draft."), made


RUN: dict[str, Run] = {
    "live": _to(PromotionState.LIVE, gettext_lazy("It is on.")),
    "end": _to(PromotionState.ENDED, gettext_lazy("It is over.")),
    "subsidy": _subsidy,
    "leave-out": _leave_out,
    "copy": _copy,
}
