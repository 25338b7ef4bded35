"""Give somebody a coupon because of something that happened, once for each event."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from core import transitions
from core.ids import new_id
from core.tx import part
from orders.models import Coupon, CouponCampaign, Promotion
from orders.models.coupon import Origin
from orders.models.promotion import Trigger
from orders.states import CouponState


class NoSuchCoupon(ValueError):
    """The promotion does not exist or is not one that applies with a coupon of one's own."""


@part
def grant_coupon(*, promotion: str, owner: str, event: str, by: str, now: datetime) -> str:
    """Give `owner` (a user's public id) a coupon of `promotion` (public id). Its public id.

    For lottery prizes, points, birthdays, member days and automation: call it inside the step that
    records the reason. `event` names what happened (at most 80 characters, such as
    "lottery:drw_…" or "birthday:usr_…:2026"): the same event gives the same coupon, however often
    and from wherever it is told. It holds as long as its campaign says. Budgets of the promotion
    bound what all coupons give; limits on claims do not count here. Raises NoSuchCoupon,
    core.tx.NotInStep. Source: M1.
    """
    known = Coupon.objects.filter(event=event).values_list("public_id", flat=True).first()
    if known:
        return known
    row = Promotion.objects.filter(public_id=promotion, trigger=Trigger.COUPON).first()
    if row is None or not owner:
        raise NoSuchCoupon(promotion)
    coupon = Coupon(
        public_id=new_id("cpn"), promotion=row, origin=Origin.GRANT, owner=owner, event=event,
        state=CouponState.CLAIMED, state_at=now, created_at=now, claimed_at=now,
        valid_until=holds_until(row, now=now),
    )  # fmt: skip
    try:
        with transaction.atomic():
            coupon.save(force_insert=True)
    except IntegrityError:
        # Told twice at one moment: the other one's is it.
        return Coupon.objects.get(event=event).public_id
    transitions.begin(
        entity="coupon", subject=coupon.public_id, state=coupon.state, now=now, by=by, why=event
    )
    return coupon.public_id


def holds_until(promotion: Promotion, *, now: datetime) -> datetime | None:
    """Until when a coupon claimed now holds: the earliest of days, fixed date and promotion's end."""
    campaign = CouponCampaign.objects.filter(promotion=promotion).first()
    ends = [promotion.ends_at]
    if campaign is not None:
        days = campaign.valid_days
        ends += [campaign.valid_until, now + timedelta(days=days) if days else None]
    return min((end for end in ends if end is not None), default=None)
