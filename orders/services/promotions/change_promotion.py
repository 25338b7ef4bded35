"""A promotion's life: draft, live, paused, ended."""

from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from core import audit, transitions
from core.money import format_minor
from core.tx import part, step
from orders.models import Promotion
from orders.promotions.rules.base import BadTerms
from orders.queries import promotions
from orders.queries.promotion_goods import Deepest, breaches
from orders.services.promotions.check_promotion import PromotionRefused
from orders.states import PROMOTION_TRANSITIONS, PromotionState

CHANGED = "promotion:state"
BY = "worker"
TOLD = 12


class UnderFloor(PromotionRefused):
    """It would sell goods under their floor and has no subsidy; `goods` say which and by how much."""

    def __init__(self, goods: list[Deepest]) -> None:
        self.goods = goods
        listed = "; ".join(_told(one) for one in goods[:TOLD])
        more = "" if len(goods) <= TOLD else " …"
        text = _(
            "It would sell goods under their floor: %(goods)s. Leave them out, give less, or ask for"
            " a subsidy."
        )
        super().__init__({"": text % {"goods": listed + more}})


@step()
def change_promotion(*, promotion: str, to: str, why: str, by: str, now: datetime) -> None:
    """Move a promotion to another state, with history and audit; every process hears of it.

    It is switched on only when it sells nothing under a floor, or when two persons agreed to its
    subsidy as it stands. Pausing works at once and asks nothing. Raises PromotionRefused,
    UnderFloor, Promotion.DoesNotExist. Source: C7, M10.
    """
    row = Promotion.objects.select_for_update().get(public_id=promotion)
    if to == PromotionState.LIVE:
        _refuse_unfit(row, now)
    _move(row, to, why, by, now)


def end_promotions(*, now: datetime, limit: int = 200) -> int:
    """End what its date has ended: the engine obeys dates by itself, the state follows."""
    due = Promotion.objects.filter(
        state__in=[PromotionState.LIVE, PromotionState.PAUSED], ends_at__lte=now
    ).order_by("ends_at", "id")
    ended = 0
    for public_id in due.values_list("public_id", flat=True)[:limit]:
        ended += _end(public_id, now)
    return ended


@step()
def _end(promotion: str, now: datetime) -> int:
    row = Promotion.objects.select_for_update().get(public_id=promotion)
    if row.ends_at is None or row.ends_at > now or row.state == PromotionState.ENDED:
        return 0
    _move(row, PromotionState.ENDED.value, "its time is over", BY, now)
    return 1


@part
def _move(row: Promotion, to: str, why: str, by: str, now: datetime) -> None:
    allowed = [was for was, after in PROMOTION_TRANSITIONS.items() if to in after]
    if not transitions.move(
        Promotion, row.pk, from_=allowed, to=to, now=now, by=by, why=why, state_at=now
    ):
        raise PromotionRefused({"": _("It is not in a state from which this is possible.")})
    audit.record(
        tag=CHANGED, by=by, subject=row.public_id, now=now,
        before={"state": row.state}, after={"state": to, "why": why},
    )  # fmt: skip
    promotions.changed()


def _refuse_unfit(row: Promotion, now: datetime) -> None:
    if row.ends_at is not None and row.ends_at <= now + timedelta(minutes=1):
        raise PromotionRefused({"": _("Its end has come already. Give it a later one.")})
    if row.subsidy_minor and row.subsidy_sha != promotions.terms_sha(row):
        text = _("Two persons must agree to its subsidy first, with the terms as they are now.")
        raise PromotionRefused({"": text})
    if row.subsidy_minor:
        return
    try:
        found = breaches(row, now=now)
    except BadTerms as bad:
        raise PromotionRefused({"": _("Its terms make no sense; edit it first.")}) from bad
    if found:
        raise UnderFloor(found)


def _told(one: Deepest) -> str:
    return _("%(sku)s at %(paid)s, floor %(floor)s, %(under)s too low") % {
        "sku": one.offer.sku_code,
        "paid": format_minor(one.paid_minor, one.offer.currency),
        "floor": format_minor(one.offer.floor_minor, one.offer.currency),
        "under": format_minor(one.under_minor, one.offer.currency),
    }
