"""Keep units of our own pool for a reference, all of them or none.

One statement for each SKU in the common case. The rows are the stock: each is taken by its own
lock (`FOR UPDATE SKIP LOCKED`), first to expire first, from a random place on the wheel within
the earliest day, so that buyers do not queue behind one another (performance.md section 2).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import OperationalError, connection, transaction
from django.utils import timezone

from core.faults import crashpoint, guard_off
from core.hot import hot_cursor
from core.tx import part
from fulfillment.models.code import new_spin
from fulfillment.queries.goods import goods
from fulfillment.services.editions.hold_places import free_places, hold_places
from fulfillment.services.release import release_overdue
from fulfillment.units import HoldLine

__all__ = ["HoldLine", "SoldOut", "hold"]

WAIT_FOR_LOCK = "500ms"
LOCK_NOT_AVAILABLE = "55P03"


class SoldOut(Exception):
    """Not enough free units of these SKUs; nothing is held."""

    def __init__(self, sku_ids: Sequence[int]) -> None:
        super().__init__(f"sold out: {list(sku_ids)}")
        self.sku_ids = tuple(sku_ids)


# The earliest day with a free unit; on it from a random place to the end of the wheel, then from
# its start; then later days. Ordered by columns that only the pool's partial index has.
WHEEL = """
{name}_day as materialized (
    select expires_on from fulfillment_code
    where sku_id = %(sku)s and share = {share} and state = 'available'
      and expires_on >= %(today)s {guard}
    order by expires_on, spin limit 1),
{name}_ahead as materialized (
    select id from fulfillment_code
    where sku_id = %(sku)s and share = {share} and state = 'available'
      and expires_on = (select expires_on from {name}_day) and spin >= %(spin)s
    order by spin limit {units} {{lock}}),
{name}_behind as materialized (
    select id from fulfillment_code
    where sku_id = %(sku)s and share = {share} and state = 'available'
      and expires_on = (select expires_on from {name}_day) and spin < %(spin)s
    order by spin limit {units} - (select count(*) from {name}_ahead) {{lock}}),
{name}_later as materialized (
    select id from fulfillment_code
    where sku_id = %(sku)s and share = {share} and state = 'available'
      and expires_on > (select expires_on from {name}_day)
    order by expires_on, spin limit {units} - (select count(*) from {name}_ahead)
                                            - (select count(*) from {name}_behind) {{lock}}),
{name} as materialized (
    select id from {name}_ahead union all select id from {name}_behind
    union all select id from {name}_later)"""
TO_HELD = """
update fulfillment_code as code
set state = 'held', held_by = %(reference)s, held_until = %(until)s, channel = %(channel)s,
    held_line = (%(lines)s::text[])[array_position(taken.ids, code.id)]
from taken where code.id = any(taken.ids) and cardinality(taken.ids) = %(units)s"""
# For a channel without a share: what is free for everybody. It takes nothing for another one, and
# then the statement below is asked.
TAKE = (
    "with"  # noqa: S608  pieces of our own
    + WHEEL.format(
        name="free",
        share="''",
        units="%(units)s",
        guard="and not exists (select from fulfillment_poolshare"
        " where sku_id = %(sku)s and channel = %(channel)s)",
    )
    + ", taken as materialized (select array_agg(id) as ids from free)"
    + TO_HELD
)
# For a channel with a reserve that has all of it: nobody else's units are looked at.
TAKE_RESERVED = (
    "with"  # noqa: S608  pieces of our own
    + WHEEL.format(
        name="own",
        share="%(channel)s",
        units="%(units)s",
        guard="and not exists (select from fulfillment_poolshare"
        " where sku_id = %(sku)s and channel = %(channel)s and kind = 'capped')",
    )
    + ", taken as materialized (select array_agg(id) as ids from own)"
    + TO_HELD
)
# For any channel: first what is reserved for it, then what is free. A capped one needs a ticket for
# each unit, which stays tied to the unit for as long as that is held or sold. Tickets are locked
# first: whoever gets none has locked no unit that others wait for.
TAKE_SHARED = (
    "with capped as materialized (select from fulfillment_poolshare"  # noqa: S608  the same
    """ where sku_id = %(sku)s and channel = %(channel)s and kind = 'capped'),
ticket as materialized (
    select id, row_number() over () as place from (
        select id from fulfillment_shareticket
        where sku_id = %(sku)s and channel = %(channel)s and code_id is null
          and exists (select from capped)
        order by id limit %(units)s {lock}) as these),
room as materialized (
    select case when exists (select from capped) then (select count(*) from ticket)
           else %(units)s end as units),"""
    + WHEEL.format(name="own", share="%(channel)s", units="(select units from room)", guard="")
    + ","
    + WHEEL.format(
        name="free",
        share="''",
        guard="",
        units="((select units from room) - (select count(*) from own))",
    )
    + """,
picked as materialized (
    select id, row_number() over () as place
    from (select id from own union all select id from free) as either),
taken as materialized (select array_agg(id) as ids from picked),
tied as (
    update fulfillment_shareticket as mine set code_id = picked.id
    from ticket join picked using (place) join taken on cardinality(taken.ids) = %(units)s
    where mine.id = ticket.id)"""
    + TO_HELD
)


@dataclass(frozen=True, slots=True)
class _Way:
    """One statement in three tempers: past locked rows, waiting for them, and heedless of them."""

    skipping: str
    waiting: str
    # Only for the negative control of the race test: look, then mark.
    unguarded: str

    @classmethod
    def of(cls, statement: str) -> "_Way":
        locks = ("for update skip locked", "for update", "")
        return cls(*(statement.format(lock=lock) for lock in locks))


# Each does more than the one before it, and costs more; the last is right for every channel.
WAYS = PLAIN, RESERVED, SHARED = _Way.of(TAKE), _Way.of(TAKE_RESERVED), _Way.of(TAKE_SHARED)
# The way that had the units the last time is asked at once: a guess that may be out of date.
_guesses: dict[tuple[int, str], int] = {}
MOST_GUESSES = 10_000


@dataclass(frozen=True, slots=True)
class _Want:
    """All units of one SKU; `lines` names the line of each unit."""

    sku_id: int
    lines: list[str]


@part
def hold(
    *,
    reference: str,
    lines: Sequence[HoldLine],
    until: datetime,
    channel: str,
    now: datetime,
) -> None:
    """Hold every line's units until `until`; lines that are neither of the pool nor numbered pass.

    Units reserved for `channel` (its code) are taken before those that are free for everybody, and
    never those of another; a capped channel gets as many as it has tickets left (D8).
    All or nothing: raises SoldOut with every SKU that is short, and then nothing is held, even if
    the caller goes on. Raises ValueError for a quantity below one, LookupError for an unknown SKU.
    """
    if any(line.quantity < 1 for line in lines):
        raise ValueError("a line asks for no units")
    wants = _wants(lines)
    params = {
        "reference": reference, "until": until, "today": timezone.localdate(now), "channel": channel,
    }  # fmt: skip
    if gone := hold_places(reference=reference, lines=lines, until=until, now=now):
        raise SoldOut(gone)
    if len(wants) == 1:
        short = [] if _take(wants[0], params, now) else [wants[0].sku_id]
    else:
        short = _take_all(wants, params, now)
    if short:
        free_places(reference=reference, sku_ids=[line.sku_id for line in lines])
        raise SoldOut(short)
    crashpoint("CP12")


def _wants(lines: Sequence[HoldLine]) -> list[_Want]:
    """By SKU, in SKU order: two orders can never wait for each other (design.md, lock order)."""
    kinds = goods(line.sku_id for line in lines)
    names: dict[int, list[str]] = {}
    for line in sorted(lines, key=lambda line: (line.sku_id, line.line)):
        if kinds[line.sku_id].from_pool:
            names.setdefault(line.sku_id, []).extend([line.line] * line.quantity)
    return [_Want(sku_id, units) for sku_id, units in names.items()]


def _take_all(wants: Sequence[_Want], params: dict[str, Any], now: datetime) -> list[int]:
    mark = transaction.savepoint()
    short = [want.sku_id for want in wants if not _take(want, params, now)]
    if short:
        transaction.savepoint_rollback(mark)
    else:
        transaction.savepoint_commit(mark)
    return short


def _take(want: _Want, params: dict[str, Any], now: datetime) -> bool:
    """Quickly; then again with overdue holds freed; then once more, waiting for locked rows."""
    pool = (want.sku_id, params["channel"])
    for place in range(_guesses.get(pool, 0), len(WAYS)):
        if _skip(WAYS[place], want, params):
            _remember(pool, place)
            return True
    freed = release_overdue(sku_id=want.sku_id, units=len(want.lines), now=now)
    if freed and _skip(SHARED, want, params):
        return True
    return _wait(want, params)


def _remember(pool: tuple[int, str], place: int) -> None:
    if _guesses.get(pool, 0) == place:
        return
    if len(_guesses) >= MOST_GUESSES:
        _guesses.clear()
    _guesses[pool] = place


def _skip(way: _Way, want: _Want, params: dict[str, Any]) -> bool:
    statement = way.unguarded if guard_off("hold.skip_locked") else way.skipping
    if len(want.lines) == 1:
        return _run(statement, want, params, new_spin())
    # A try that falls short has locked the units it found. They are let go before any waiting,
    # or two buyers short by one would each wait for what the other holds.
    mark = transaction.savepoint()
    taken = _run(statement, want, params, new_spin())
    (transaction.savepoint_commit if taken else transaction.savepoint_rollback)(mark)
    return taken


def _wait(want: _Want, params: dict[str, Any]) -> bool:
    """Rows that were passed over may come free when their transaction rolls back (R-STK-1).

    Waiters take rows in one order (tickets, reserved, free; each from its start), so they cannot
    form a ring.
    """
    mark = transaction.savepoint()
    try:
        with connection.cursor() as cursor:
            cursor.execute("select current_setting('lock_timeout')")
            (before,) = cursor.fetchone()
            cursor.execute("select set_config('lock_timeout', %s, true)", [WAIT_FOR_LOCK])
            taken = _run(SHARED.waiting, want, params, 0)
            cursor.execute("select set_config('lock_timeout', %s, true)", [before])
    except OperationalError as error:
        transaction.savepoint_rollback(mark)
        if getattr(error.__cause__, "sqlstate", "") == LOCK_NOT_AVAILABLE:
            return False
        raise
    (transaction.savepoint_commit if taken else transaction.savepoint_rollback)(mark)
    return taken


def _run(statement: str, want: _Want, params: dict[str, Any], spin: int) -> bool:
    units = len(want.lines)
    with hot_cursor() as cursor:
        cursor.execute(
            statement,
            {**params, "sku": want.sku_id, "units": units, "lines": want.lines, "spin": spin},
        )
        return int(cursor.rowcount) == units
