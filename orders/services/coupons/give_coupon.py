"""A coupon as a prize, or as what an exchange code stands for: given once to an account."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from core.tx import step
from orders.models import Promotion
from orders.models.promotion import Trigger
from orders.prizes import Gift, NotYet
from orders.services.coupons.grant_coupon import NoSuchCoupon, grant_coupon


def give_coupon(*, gift: Gift, now: datetime) -> str:
    """Give the coupon of the promotion that the gift's `ref` names (public id); its public id.

    Raises NotYet for a promotion that gives none. Source: M1, M5, M9.
    """
    try:
        with step():
            return grant_coupon(
                promotion=gift.ref, owner=gift.owner, event=f"gift:{gift.key}", by="system",
                now=now,
            )  # fmt: skip
    except NoSuchCoupon:
        raise NotYet(_("There is no such coupon.")) from None


def coupon_problem(prize: Any) -> str:
    """Why such a coupon cannot be offered, in words; `prize` has `ref` and `amount`."""
    known = Promotion.objects.filter(public_id=prize.ref, trigger=Trigger.COUPON).exists()
    if not known:
        return _("Name a promotion that applies with a coupon of one's own, by its number.")
    return "" if prize.amount == 1 else _("Coupons are given one at a time.")
