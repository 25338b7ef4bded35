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
TAKE = """
with day as materialized (
    select expires_on from fulfillment_code
    where sku_id = %(sku)s and state = 'available' and expires_on >= %(today)s
    order by expires_on, spin limit 1),
ahead as materialized (
    select id from fulfillment_code
    where sku_id = %(sku)s and state = 'available'
      and expires_on = (select expires_on from day) and spin >= %(spin)s
    order by spin limit %(units)s {lock}),
behind as materialized (
    select id from fulfillment_code
    where sku_id = %(sku)s and state = 'available'
      and expires_on = (select expires_on from day) and spin < %(spin)s
    order by spin limit %(units)s - (select count(*) from ahead) {lock}),
later as materialized (
    select id from fulfillment_code
    where sku_id = %(sku)s and state = 'available'
      and expires_on > (select expires_on from day)
    order by expires_on, spin
    limit %(units)s - (select count(*) from ahead) - (select count(*) from behind) {lock}),
taken as materialized (
    select array_agg(id) as ids
    from (select id from ahead union all select id from behind union all select id from later) as t)
update fulfillment_code as code
set state = 'held', held_by = %(reference)s, held_until = %(until)s,
    held_line = (%(lines)s::text[])[array_position(taken.ids, code.id)]
from taken where code.id = any(taken.ids) and cardinality(taken.ids) = %(units)s
"""
SKIPPING = TAKE.format(lock="for update skip locked")
WAITING = TAKE.format(lock="for update")
# Only for the negative control of the race test: look, then mark.
UNGUARDED = TAKE.format(lock="")


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
    """Hold every line's units until `until`; lines that are not delivered from the pool pass.

    All or nothing: raises SoldOut with every SKU that is short, and then nothing is held, even if
    the caller goes on. Raises ValueError for a quantity below one, LookupError for an unknown SKU.
    """
    if any(line.quantity < 1 for line in lines):
        raise ValueError("a line asks for no units")
    wants = _wants(lines)
    params = {"reference": reference, "until": until, "today": timezone.localdate(now)}
    if len(wants) == 1:
        short = [] if _take(wants[0], params, now) else [wants[0].sku_id]
    else:
        short = _take_all(wants, params, now)
    if short:
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
    if _skip(want, params):
        return True
    freed = release_overdue(sku_id=want.sku_id, units=len(want.lines), now=now)
    if freed and _skip(want, params):
        return True
    return _wait(want, params)


def _skip(want: _Want, params: dict[str, Any]) -> bool:
    statement = UNGUARDED if guard_off("hold.skip_locked") else SKIPPING
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

    Waiters take rows in one order, from the start of the wheel, so they cannot form a ring.
    """
    mark = transaction.savepoint()
    try:
        with connection.cursor() as cursor:
            cursor.execute("select current_setting('lock_timeout')")
            (before,) = cursor.fetchone()
            cursor.execute("select set_config('lock_timeout', %s, true)", [WAIT_FOR_LOCK])
            taken = _run(WAITING, want, params, 0)
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
