"""A lottery ends: at its time, by hand, or when every draw is made; then its seed is revealed."""

from datetime import datetime

from django.db.models import F, Q

from core import audit, transitions
from core.cache import bump
from core.crypto import unseal
from core.each import each
from core.tx import step
from orders.models import Lottery
from orders.queries.lotteries import CACHE
from orders.states import LotteryState

CLOSED = "lottery:closed"


@step()
def close_lottery(*, lottery: str, by: str, why: str, now: datetime) -> bool:
    """End it before its time; False when it does not run. Chances that are left are void."""
    row = Lottery.objects.get(public_id=lottery)
    moved = transitions.move(
        Lottery, row.pk, from_=[LotteryState.OPEN], to=LotteryState.CLOSED, now=now, by=by,
        why=why, state_at=now,
    )  # fmt: skip
    if moved:
        audit.record(tag=CLOSED, by=by, subject=lottery, now=now, after={"why": why})
        bump(CACHE)
    return moved


@step()
def _end(row: Lottery, now: datetime) -> bool:
    moved = transitions.move(
        Lottery, row.pk, from_=[LotteryState.OPEN], to=LotteryState.CLOSED, now=now, by="system",
        why="all drawn" if row.ends_at > now else "its end", state_at=now,
    )  # fmt: skip
    bump(CACHE)
    return moved


@step()
def reveal_seed(row: Lottery, now: datetime) -> bool:
    """Publish the seed of a closed lottery. No draw can follow: none is made but in an open one."""
    seed = unseal(row.seed_sealed or b"", context=row.context).reveal()
    return transitions.move(
        Lottery, row.pk, from_=[LotteryState.CLOSED], to=LotteryState.REVEALED, now=now,
        by="system", why="over", state_at=now, seed=seed,
    )  # fmt: skip


def sweep_lotteries(*, now: datetime) -> int:
    """End what is due and reveal what is over. Returns how many moved."""
    spent = Q(ends_at__lte=now) | Q(drawn__gte=F("draws_most"))
    due = Lottery.objects.filter(spent, state=LotteryState.OPEN).order_by("id")
    ended = each(lambda row: _end(row, now), due, name="end_lottery")
    over = Lottery.objects.filter(state=LotteryState.CLOSED).order_by("id")
    return ended + each(lambda row: reveal_seed(row, now), over, name="reveal_lottery")
