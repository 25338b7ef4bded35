"""A draw: one chance, the next number, its outcome, one piece of the prize; one transaction.

The prize itself is handed over from the award's own row (`hand_over.py`), so nothing that happens
after the draw can lose it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection

from core import transitions, wake
from core.crypto import unseal
from core.faults import crashpoint, guard_off
from core.tx import part, step
from orders.models import Award, Chance, Draw, Lottery, Prize, PrizeUnit
from orders.prizes import PRIZES
from orders.promotions.draw import client_part, draw, read_table
from orders.services.lotteries.earn_chance import earn_for_friend, earn_today, runs
from orders.states import AwardState

TASK = "orders.hand_over"
SHORTEST_TOKEN = 16
# So many chances of one person are looked at: a double click draws once or twice, no more.
MOST_AWAITED = 20

_TAKE_CHANCE = """
update orders_chance set used_at = %(now)s where used_at is null and id = (
    select id from orders_chance
    where lottery_id = %(lottery)s and owner = %(owner)s and used_at is null
    order by id limit 1 for update skip locked)
returning id
"""
# The lottery's row is locked until the draw is committed: numbers have no gaps, and who draws
# next sees which prizes are gone. That is what makes the list of draws computable by anybody.
_TAKE_NUMBER = """
update orders_lottery set drawn = drawn + 1
where id = %(lottery)s and state = 'open' and starts_at <= %(now)s and ends_at > %(now)s
    and drawn < draws_most
returning drawn
"""
_TAKE_UNIT = """
update orders_prizeunit set taken_at = %(now)s where taken_at is null and id = (
    select id from orders_prizeunit where prize_id = %(prize)s and taken_at is null
    order by id limit 1 for update skip locked)
returning id
"""


class NoChance(Exception):
    """This person has no chance left."""


class NotRunning(Exception):
    """The lottery has not begun, is over, or all its draws are made. Nothing was used up."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Who draws, with which words of their own, by which form; `sharer` brought them here."""

    user_id: int
    owner: str
    words: str
    form_token: str
    sharer: str = ""


def draw_prize(*, lottery: Lottery, entry: Entry, now: datetime) -> Draw:
    """Draw once; the same form token answers with the same draw, however often it comes.

    Raises NoChance, NotRunning; then nothing has happened. Source: M5.
    """
    if len(entry.form_token) < SHORTEST_TOKEN:
        raise NotRunning
    if found := _drawn_before(lottery, entry):
        return found
    try:
        with step():
            return _draw(lottery, entry, now)
    except (IntegrityError, NoChance):
        # The second of two clicks at one moment: the first one's draw stands, and it may have used
        # the last chance.
        _let_others_end(lottery, entry.owner)
        if found := _drawn_before(lottery, entry):
            return found
        raise


def _drawn_before(lottery: Lottery, entry: Entry) -> Draw | None:
    mine = Draw.objects.filter(lottery=lottery, owner=entry.owner, form_token=entry.form_token)
    return mine.select_related("prize").first()


def _let_others_end(lottery: Lottery, owner: str) -> None:
    """Wait for draws of this person that are being made: their chances look free, and are locked."""
    with step():
        free = Chance.objects.filter(lottery=lottery, owner=owner, used_at=None).order_by("pk")
        list(free.select_for_update().values_list("pk", flat=True)[:MOST_AWAITED])


@part
def _draw(lottery: Lottery, entry: Entry, now: datetime) -> Draw:
    if not runs(lottery, now):
        raise NotRunning
    earn_today(lottery=lottery, owner=entry.owner, now=now)
    earn_for_friend(lottery=lottery, sharer=entry.sharer, friend=entry.owner, now=now)
    chance = take_chance(lottery_id=lottery.pk, owner=entry.owner, now=now)
    number = take_number(lottery_id=lottery.pk, now=now)
    client = client_part(entry.words)
    hit, prize, unit = _outcome(lottery, number, client, now)
    row = Draw.objects.create(
        lottery=lottery, number=number, client=client, user_id=entry.user_id, owner=entry.owner,
        form_token=entry.form_token, chance_id=chance, hit=hit, prize=prize, unit_id=unit, at=now,
    )  # fmt: skip
    if PRIZES.get(prize.kind).give is not None:
        _award(row, now)
    crashpoint("CP_LOTTERY")
    return row


@part
def take_chance(*, lottery_id: int, owner: str, now: datetime) -> int:
    """Use one chance of this person; its key. Raises NoChance."""
    if guard_off("lottery.chance"):
        free = Chance.objects.filter(lottery_id=lottery_id, owner=owner, draw=None)
        found = free.order_by("id").values_list("pk", flat=True).first()
        Chance.objects.filter(pk=found or 0).update(used_at=now)
    else:
        found = _returned(_TAKE_CHANCE, {"lottery": lottery_id, "owner": owner, "now": now})
    if found is None:
        raise NoChance
    return found


@part
def take_number(*, lottery_id: int, now: datetime) -> int:
    """The next number of a lottery that runs. Raises NotRunning."""
    if guard_off("lottery.number"):
        return Draw.objects.filter(lottery_id=lottery_id).count() + 1
    number = _returned(_TAKE_NUMBER, {"lottery": lottery_id, "now": now})
    if number is None:
        raise NotRunning
    return number


@part
def take_unit(*, prize_id: int, now: datetime) -> int | None:
    """One piece of a prize; None when it is gone."""
    if guard_off("lottery.unit"):
        free = PrizeUnit.objects.filter(prize_id=prize_id, taken_at=None)
        found = free.order_by("id").values_list("pk", flat=True).first()
        PrizeUnit.objects.filter(pk=found or 0).update(taken_at=now)
        return found
    return _returned(_TAKE_UNIT, {"prize": prize_id, "now": now})


def _returned(statement: str, values: dict[str, Any]) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        row = cursor.fetchone()
    return int(row[0]) if row else None


@part
def _outcome(
    lottery: Lottery, number: int, client: str, now: datetime
) -> tuple[Prize, Prize, int | None]:
    """The prize that was hit, what it comes to, and the piece that was taken of it."""
    table = read_table(lottery.table_text)
    seed = bytes.fromhex(unseal(lottery.seed_sealed or b"", context=lottery.context).reveal())
    value = draw(seed, lottery=lottery.public_id, number=number, client=client, whole=table.whole)
    prizes = {row.key: row for row in Prize.objects.filter(lottery=lottery)}
    hit = prizes[table.at(value).key]
    if hit.stock is None:
        return hit, hit, None
    unit = take_unit(prize_id=hit.pk, now=now)
    return hit, hit if unit is not None else prizes[table.fallback], unit


@part
def _award(row: Draw, now: datetime) -> None:
    award = Award.objects.create(
        draw=row, prize=row.prize, owner=row.owner, state_at=now, created_at=now, not_before=now
    )
    transitions.begin(
        entity="award", subject=award.public_id, state=AwardState.WAITING, now=now,
        by=f"user:{row.owner}",
    )  # fmt: skip
    wake.poke(TASK)
