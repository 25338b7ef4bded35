"""What is asked about lotteries: which run, their tables and costs, who drew what."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet

from core.cache import Versioned
from orders.models import Chance, ChanceRule, ChanceSource, Draw, Lottery, Prize, PrizeUnit
from orders.promotions.draw import Outcome, Table
from orders.promotions.prize_cost import Priced, PrizeCost, prize_cost
from orders.states import LotteryState

CACHE = "orders.lotteries"
# The public list is one page up to here; the file has all of them.
DRAWS_SHOWN = 50


def _order_rules() -> tuple[tuple[int, int, int], ...]:
    """(lottery, channel, minimum in minor units) of each lottery for whose chances orders count."""
    rules = ChanceRule.objects.filter(
        active=True, source=ChanceSource.ORDER, lottery__state=LotteryState.OPEN
    )
    return tuple(rules.values_list("lottery_id", "lottery__channel_id", "minimum_minor"))


# Most of the time no lottery looks at orders, and then no order looks at lotteries.
ORDER_RULES: Versioned[tuple[tuple[int, int, int], ...]] = Versioned(CACHE, _order_rules)


def lottery_by_slug(slug: str, *, channel_id: int) -> Lottery | None:
    """A lottery that people of this channel may see: drafts are nobody's."""
    seen = Lottery.objects.exclude(state=LotteryState.DRAFT)
    return seen.filter(slug=slug, channel_id=channel_id).first()


def lotteries_shown(*, channel_id: int, now: datetime) -> QuerySet[Lottery]:
    """Those that run in this channel, the next to end first."""
    return Lottery.objects.filter(
        channel_id=channel_id, state=LotteryState.OPEN, ends_at__gt=now
    ).order_by("ends_at", "id")


def table_of(lottery: Lottery) -> Table:
    """The prize table as the rows of a draft say it; whole and order as they stand now."""
    prizes = list(lottery.prizes.order_by("position", "id"))
    outcomes = tuple(Outcome(one.key, one.name, one.odds, one.stock) for one in prizes)
    fallback = next((one.key for one in prizes if one.fallback), "")
    return Table(lottery.public_id, lottery.whole, outcomes, fallback)


def cost_of(lottery: Lottery) -> PrizeCost:
    """Expected and greatest cost of all its draws, minor units."""
    lines = [Priced(one.odds, one.stock, one.cost_minor) for one in lottery.prizes.all()]
    return prize_cost(lines, whole=lottery.whole, draws=lottery.draws_most)


@dataclass(frozen=True, slots=True)
class PrizeLeft:
    """A prize as its page and the board show it; `left` None: no end."""

    prize: Prize
    left: int | None
    drawn: int


def prizes_left(lottery: Lottery) -> list[PrizeLeft]:
    """Every prize in table order, with what is left of it and how often it came."""
    drawn = dict(
        Draw.objects.filter(lottery=lottery)
        .values_list("prize")
        .annotate(n=Count("id"))
        .values_list("prize", "n")
    )
    free = dict(
        PrizeUnit.objects.filter(prize__lottery=lottery)
        .values_list("prize")
        .annotate(n=Count("id", filter=Q(taken_at__isnull=True)))
        .values_list("prize", "n")
    )
    rows = lottery.prizes.select_related("sku").order_by("position", "id")
    return [PrizeLeft(row, _left(row, free), drawn.get(row.pk, 0)) for row in rows]


def _left(row: Prize, free: dict[int, int]) -> int | None:
    if row.stock is None:
        return None
    # Before it opens nothing is cut yet.
    return free.get(row.pk, 0) if row.fixed else row.stock


@dataclass(frozen=True, slots=True)
class Chances:
    """What a person may do: `free` draws are earned, `today` is one that waits for them today."""

    free: int
    today: bool
    code: bool
    share: bool
    order_minor: int | None

    @property
    def any(self) -> int:
        return self.free + self.today


def day_event(owner: str, day: str) -> str:
    """Names the daily chance of a person."""
    return f"{day}:{owner}"


def chances_of(lottery: Lottery, owner: str, *, day: str) -> Chances:
    """Chances of a person ("" for nobody), and in which ways more can be earned."""
    rules = {rule.source: rule for rule in lottery.chance_rules.filter(active=True)}
    order = rules.get(ChanceSource.ORDER)
    mine = Chance.objects.filter(lottery=lottery, owner=owner)
    had = mine.filter(source=ChanceSource.DAY, event=day_event(owner, day)).exists()
    return Chances(
        free=mine.filter(used_at__isnull=True).count() if owner else 0,
        today=ChanceSource.DAY in rules and not had,
        code=ChanceSource.CODE in rules,
        share=ChanceSource.SHARE in rules,
        order_minor=order.minimum_minor if order else None,
    )


def draws_of(lottery: Lottery, owner: str) -> QuerySet[Draw]:
    """A person's draws, newest first."""
    rows = Draw.objects.filter(lottery=lottery, owner=owner).select_related("prize", "award")
    return rows.order_by("-number")


def newest_draws(lottery: Lottery) -> QuerySet[Draw]:
    """The public list, newest first; it names nobody."""
    return Draw.objects.filter(lottery=lottery).select_related("prize").order_by("-number")


def proof(lottery: Lottery) -> dict[str, Any]:
    """Everything a stranger needs to check every draw; `seed` is empty until the end."""
    rows = Draw.objects.filter(lottery=lottery).order_by("number")
    return {
        "lottery": lottery.public_id,
        "name": lottery.name,
        "state": lottery.state,
        "commitment": lottery.commitment,
        "table": lottery.table_text,
        "seed": lottery.seed,
        "starts_at": lottery.starts_at.isoformat(),
        "ends_at": lottery.ends_at.isoformat(),
        # Number, the player's part, the key of the prize.
        "draws": [list(row) for row in rows.values_list("number", "client", "prize__key")],
    }


def published(lottery: Lottery) -> dict[str, Any]:
    """The published table, taken apart."""
    found: dict[str, Any] = json.loads(lottery.table_text)
    return found
