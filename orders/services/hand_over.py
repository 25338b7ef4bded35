"""Prizes that were won reach their winners: each award is its own queue row, tried until it is done."""

from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db.models import Q

from accounts.queries import verified_contacts
from core import audit, leases, transitions
from core.each import each
from core.tx import step
from orders.models import Award
from orders.prizes import PRIZES, Gift, NotYet
from orders.states import AwardState

log = structlog.get_logger(__name__)
LONGEST_PAUSE_SECONDS = 3600
A_SWEEP = 20
SETTLED = "lottery:award_settled"


def hand_over(*, now: datetime) -> int:
    """Give what is due. Returns how many were handed over. May run twice at once and die anywhere."""
    due = leases.claim(
        Award, where=Q(state=AwardState.WAITING), limit=A_SWEEP, seconds=settings.LEASE_SECONDS,
        now=now,
    )  # fmt: skip
    return each(lambda lease: hand_over_one(award_id=lease.pk, now=now), due, name="hand_over")


def hand_over_one(*, award_id: int, now: datetime) -> bool:
    """Give one prize; False when it cannot be given yet. What gives it is safe to repeat."""
    award = Award.objects.select_related("prize__sku", "draw__lottery__channel", "draw__user").get(
        pk=award_id
    )
    if award.state != AwardState.WAITING:
        return False
    # The next try is written before this one begins: a crash costs a pause, never the prize.
    _postpone(award, "", now)
    give = PRIZES.get(award.prize.kind).give
    assert give is not None, "nothing to give makes no award"
    try:
        result = give(gift=gift_of(award), now=now)
    except NotYet as why:
        log.warning("prize_waits", award=award.public_id, why=str(why))
        _postpone(award, str(why), now)
        return False
    return _done(award, result, now)


def gift_of(award: Award) -> Gift:
    """A prize as what is given to its winner."""
    lottery, prize, user = award.draw.lottery, award.prize, award.draw.user
    contact = next(iter(verified_contacts(user)), None)
    return Gift(
        key=award.public_id, source=lottery.public_id, title=lottery.name,
        title_en=lottery.name_en, budget_minor=lottery.budget_minor, channel=lottery.channel.code,
        sku_code=prize.sku.code if prize.sku else "", ref=prize.ref, amount=prize.amount,
        language=user.language, contact_kind=contact.kind if contact else "",
        contact=contact.value if contact else "", user_id=user.pk, owner=user.public_id,
    )  # fmt: skip


def _postpone(award: Award, why: str, now: datetime) -> None:
    pause = timedelta(seconds=min(2 ** min(award.tries, 12), LONGEST_PAUSE_SECONDS))
    waiting = Award.objects.filter(pk=award.pk, state=AwardState.WAITING)
    waiting.update(not_before=now + pause, last_error=why[:200], lease_until=None, lease_token="")


@step()
def _done(award: Award, result: str, now: datetime) -> bool:
    return transitions.move(
        Award, award.pk, from_=[AwardState.WAITING], to=AwardState.DONE, now=now, by="system",
        why=result, state_at=now, result=result, not_before=None, last_error="",
    )  # fmt: skip


@step()
def settle_award(*, award: str, by: str, why: str, now: datetime) -> bool:
    """Staff made it good in another way, which `why` says; False when it was over already."""
    row = Award.objects.get(public_id=award)
    moved = transitions.move(
        Award, row.pk, from_=[AwardState.WAITING], to=AwardState.SETTLED, now=now, by=by, why=why,
        state_at=now, not_before=None,
    )  # fmt: skip
    if moved:
        audit.record(tag=SETTLED, by=by, subject=award, now=now, after={"why": why})
    return moved
