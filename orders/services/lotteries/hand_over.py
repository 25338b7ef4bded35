"""What was won or redeemed reaches its owner: each is its own queue row, tried until it is done."""

from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db.models import Q

from accounts.queries import verified_contacts
from core import audit, leases, transitions
from core.crypto import unseal
from core.each import each
from core.tx import step
from orders.models import Award, Exchange
from orders.prizes import PRIZES, Gift, NotYet
from orders.states import AwardState

log = structlog.get_logger(__name__)
LONGEST_PAUSE_SECONDS = 3600
A_SWEEP = 20
SETTLED = "lottery:award_settled"
Row = Award | Exchange


def hand_over(*, now: datetime) -> int:
    """Give what is due. Returns how many were handed over. May run twice at once and die anywhere."""
    return sum(_hand_over_some(model, now) for model in (Award, Exchange))


def _hand_over_some(model: type[Row], now: datetime) -> int:
    due = leases.claim(
        model, where=Q(state=AwardState.WAITING), limit=A_SWEEP, seconds=settings.LEASE_SECONDS,
        now=now,
    )  # fmt: skip
    return each(lambda lease: hand_over_one(_load(model, lease.pk), now=now), due, name="hand_over")


def _load(model: type[Row], pk: int) -> Row:
    if model is Award:
        related = Award.objects.select_related("prize__sku", "draw__lottery__channel", "draw__user")
        return related.get(pk=pk)
    return Exchange.objects.select_related("batch__sku", "batch__channel").get(pk=pk)


def hand_over_one(row: Row, *, now: datetime) -> bool:
    """Give one; False when it cannot be given yet. What gives it is safe to repeat."""
    if row.state != AwardState.WAITING:
        return False
    # The next try is written before this one begins: a crash costs a pause, never the gift.
    _postpone(row, "", now)
    kind, gift = _gift_of(row)
    give = PRIZES.get(kind).give
    assert give is not None, "nothing to give makes no row"
    try:
        result = give(gift=gift, now=now)
    except NotYet as why:
        log.warning("gift_waits", row=row.public_id, why=str(why))
        _postpone(row, str(why), now)
        return False
    return _done(row, result, now)


def _gift_of(row: Row) -> tuple[str, Gift]:
    if isinstance(row, Award):
        return row.prize.kind, gift_of_award(row)
    return row.batch.kind, gift_of_exchange(row)


def gift_of_award(award: Award) -> Gift:
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


def gift_of_exchange(row: Exchange) -> Gift:
    """What a redeemed code stands for, as what is given to whoever redeemed it."""
    batch = row.batch
    return Gift(
        key=row.public_id, source=batch.public_id, title=batch.name, title_en=batch.name_en,
        budget_minor=batch.budget_minor, channel=batch.channel.code,
        sku_code=batch.sku.code if batch.sku else "", ref=batch.ref, amount=batch.amount,
        language=row.language, contact_kind=row.contact_kind,
        contact=unseal(row.contact_sealed, context=row.context).reveal(),
        user_id=row.user_id, owner=row.owner,
    )  # fmt: skip


def _postpone(row: Row, why: str, now: datetime) -> None:
    pause = timedelta(seconds=min(2 ** min(row.tries, 12), LONGEST_PAUSE_SECONDS))
    waiting = type(row)._default_manager.filter(pk=row.pk, state=AwardState.WAITING)
    waiting.update(not_before=now + pause, last_error=why[:200], lease_until=None, lease_token="")


@step()
def _done(row: Row, result: str, now: datetime) -> bool:
    return transitions.move(
        type(row), row.pk, from_=[AwardState.WAITING], to=AwardState.DONE, now=now, by="system",
        why=result, state_at=now, result=result, not_before=None, last_error="",
    )  # fmt: skip


def settle_award(*, award: str, by: str, why: str, now: datetime) -> bool:
    """Staff made a prize good in another way, which `why` says; False when it was over already."""
    return _settle(Award.objects.get(public_id=award), by, why, now)


def settle_exchange(*, exchange: str, by: str, why: str, now: datetime) -> bool:
    """Staff made a redeemed code good in another way; False when it was over already."""
    return _settle(Exchange.objects.get(public_id=exchange), by, why, now)


@step()
def _settle(row: Row, by: str, why: str, now: datetime) -> bool:
    moved = transitions.move(
        type(row), row.pk, from_=[AwardState.WAITING], to=AwardState.SETTLED, now=now, by=by,
        why=why, state_at=now, not_before=None,
    )  # fmt: skip
    if moved:
        audit.record(tag=SETTLED, by=by, subject=row.public_id, now=now, after={"why": why})
    return moved
