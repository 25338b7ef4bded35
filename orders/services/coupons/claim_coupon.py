"""Somebody fetches a coupon: from its page, or by a printed code."""

from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from core import limits, transitions
from core.crypto import same
from core.faults import guard_off
from core.ids import new_id
from core.tx import step
from orders.models import Coupon, CouponCampaign, Promotion
from orders.models.coupon import Origin
from orders.models.coupon_campaign import Claiming
from orders.queries.coupons import code_index, in_force
from orders.services.coupons.grant_coupon import holds_until
from orders.states import CouponState, PromotionState

# Words and codes that somebody may try, whether or not they are right.
TRIES_AN_HOUR = 20


class ClaimRefused(Exception):
    """No coupon; `message` is for the person, in the active language."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def claim_coupon(*, campaign: str, owner: str, now: datetime, word: str = "") -> str:
    """Claim a coupon of a campaign (slug or public id) for `owner` (a user's public id). Its id.

    Limits in all and per person are counted in PostgreSQL, in the transaction that makes the
    coupon. Raises ClaimRefused; then nothing has happened but a try that was counted.
    """
    row = find_campaign(campaign)
    if row is None or row.claiming == Claiming.CLOSED or not _in_time(row.promotion, now):
        raise ClaimRefused(_("There is nothing to claim here at the moment."))
    if row.claiming == Claiming.CODE:
        _count_try(owner, now)
        if not same(word.strip().upper(), row.word.upper()):
            raise ClaimRefused(_("This is not the word."))
    return _claim(row, owner, now)


@step()
def keep_code(*, code: str, owner: str, now: datetime) -> str:
    """Put a printed code under `owner`'s coupons. The coupon's public id.

    Unknown, used, void and other people's codes get one and the same answer. Raises ClaimRefused.
    """
    index = code_index(code)
    row = Coupon.objects.filter(in_force(now), code_index=index).first() if index else None
    if row is None or (row.owner, row.state) == (owner, CouponState.CLAIMED):
        taken = row is not None
    else:
        taken = transitions.move(
            Coupon, row.pk, from_=[CouponState.ISSUED], to=CouponState.CLAIMED, now=now,
            by=f"user:{owner}", owner=owner, claimed_at=now, state_at=now,
            valid_until=holds_until(row.promotion, now=now),
        )  # fmt: skip
    if row is None or not taken:
        raise ClaimRefused(_("We do not know this code, or somebody has used it."))
    return row.public_id


def count_code_try(*, owner: str, ip: str, now: datetime) -> None:
    """Count a code that somebody typed (`ip` is a hash). Raises ClaimRefused when it is too many."""
    _count_try(owner, now)
    if not limits.hit(f"coupon:ip:{ip}", limit=TRIES_AN_HOUR * 3, seconds=3600, now=now):
        raise ClaimRefused(_("That were many tries. Please come back in an hour."))


def find_campaign(name: str) -> CouponCampaign | None:
    """A campaign by the address of its page or its public id."""
    found = CouponCampaign.objects.select_related("promotion")
    return found.filter(Q(slug=name) | Q(public_id=name)).first()


def claims_key(campaign: CouponCampaign) -> str:
    """Under which the claims of a campaign are counted."""
    return f"coupon:claims:{campaign.public_id}"


def _count_try(owner: str, now: datetime) -> None:
    if not limits.hit(f"coupon:tries:{owner}", limit=TRIES_AN_HOUR, seconds=3600, now=now):
        raise ClaimRefused(_("That were many tries. Please come back in an hour."))


def _in_time(promotion: Promotion, now: datetime) -> bool:
    starts, ends = promotion.starts_at, promotion.ends_at
    begun = starts is None or starts <= now
    return promotion.state == PromotionState.LIVE and begun and (ends is None or now < ends)


@step()
def _claim(campaign: CouponCampaign, owner: str, now: datetime) -> str:
    valid_until = holds_until(campaign.promotion, now=now)
    if valid_until is not None and valid_until <= now:
        raise ClaimRefused(_("There is nothing to claim here at the moment."))
    key = claims_key(campaign)
    if not guard_off("orders.claims"):
        # All of them are counted, limit or not: an invariant compares.
        most = campaign.most_claims if campaign.most_claims is not None else 2**62
        if not limits.take(key, units=1, limit=most):
            raise ClaimRefused(_("They are all gone."))
        if not limits.take(f"{key}:by:{owner}", units=1, limit=campaign.most_per_person):
            raise ClaimRefused(_("You have taken yours already."))
    coupon = Coupon.objects.create(
        public_id=new_id("cpn"), promotion=campaign.promotion, origin=Origin.CLAIM, owner=owner,
        state=CouponState.CLAIMED, state_at=now, created_at=now, claimed_at=now,
        valid_until=valid_until,
    )  # fmt: skip
    transitions.begin(
        entity="coupon", subject=coupon.public_id, state=coupon.state, now=now, by=f"user:{owner}",
        why=campaign.public_id,
    )  # fmt: skip
    return coupon.public_id
