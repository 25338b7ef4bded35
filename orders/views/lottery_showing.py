"""What the pages of a lottery show, in the reader's language."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import get_language

from orders.models import Draw, Lottery, Prize
from orders.prizes import NOTHING, PRIZES
from orders.queries.lotteries import PrizeLeft, prizes_left
from orders.services.lotteries.earn_chance import runs
from orders.states import AwardState, LotteryState


def english() -> bool:
    return (get_language() or "").startswith("en")


def named(row: Lottery | Prize) -> str:
    """Its name in the reader's language."""
    return (row.name_en if english() else "") or row.name


@dataclass(frozen=True, slots=True)
class PrizeShown:
    """A line of the odds table. `left` None: no end."""

    key: str
    name: str
    nothing: bool
    odds: int
    percent: str
    stock: int | None
    left: int | None
    hit: bool = False


@dataclass(frozen=True, slots=True)
class DrawShown:
    """A draw as its owner sees it. `tone` and `url` say what became of the prize."""

    id: str
    number: int
    client: str
    at: datetime
    prize: str
    nothing: bool
    gone: str
    words: str
    done: bool
    url: str


@dataclass(frozen=True, slots=True)
class LotteryShown:
    """The head of every page of a lottery."""

    slug: str
    name: str
    rules: str
    whole: int
    starts_at: datetime
    ends_at: datetime
    runs: bool
    before: bool
    over: bool
    revealed: bool
    drawn: int
    draws_most: int
    commitment: str
    seed: str


def percent(odds: int, whole: int) -> str:
    """`0.5 %`: exact, as many digits as it takes up to six."""
    share = (Decimal(odds) * 100 / whole).quantize(Decimal("0.000001")).normalize()
    return f"{share:f} %"


def lottery_shown(row: Lottery, *, now: datetime) -> LotteryShown:
    """The head of the page at this moment."""
    return LotteryShown(
        slug=row.slug,
        name=named(row),
        rules=(row.rules_en if english() else "") or row.rules,
        whole=row.whole,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        runs=runs(row, now) and row.drawn < row.draws_most,
        before=row.state == LotteryState.OPEN and now < row.starts_at,
        over=row.state != LotteryState.OPEN or now >= row.ends_at or row.drawn >= row.draws_most,
        revealed=row.state == LotteryState.REVEALED,
        drawn=row.drawn,
        draws_most=row.draws_most,
        commitment=row.commitment,
        seed=row.seed,
    )


def prizes_shown(row: Lottery, *, hit: str = "") -> list[PrizeShown]:
    """The odds table; `hit` is the key of the prize to mark."""
    return [_prize(row, one, hit) for one in prizes_left(row)]


def _prize(row: Lottery, one: PrizeLeft, hit: str) -> PrizeShown:
    prize = one.prize
    return PrizeShown(
        key=prize.key, name=named(prize), nothing=prize.kind == NOTHING, odds=prize.odds,
        percent=percent(prize.odds, row.whole), stock=prize.stock, left=one.left,
        hit=prize.key == hit,
    )  # fmt: skip


def draw_shown(row: Draw) -> DrawShown:
    """A draw of the reader's own."""
    award: Any = getattr(row, "award", None)
    kind = PRIZES.find(row.prize.kind)
    done = award is not None and award.state == AwardState.DONE
    found = done and kind is not None and kind.address is not None
    return DrawShown(
        id=row.public_id, number=row.number, client=row.client, at=row.at, prize=named(row.prize),
        nothing=row.prize.kind == NOTHING,
        gone=named(row.hit) if row.hit_id != row.prize_id else "",
        words=str(AwardState(award.state).label) if award is not None else "",
        done=done,
        url=kind.address(award.result) if found and kind and kind.address else "",
    )  # fmt: skip
