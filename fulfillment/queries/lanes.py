"""What the worker may take up now, lane by lane, so that no supplier's backlog keeps the others waiting.

A purchase's lane is its SKU, a question's its supplier. Distinct lanes are found by hopping over the
index, so that a backlog of thousands costs as much as one of ten.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from django.db import connection

from fulfillment.models import SupplierCircuit
from fulfillment.queries.breaker import breaker_at
from fulfillment.queries.routes import TURN_AHEAD
from fulfillment.states import SupplierState

FREE = "(d.lease_until is null or d.lease_until < %(now)s)"
DUE_PURCHASES = f"""
with recursive lane as (
    (select sku_id from fulfillment_delivery where state = 'pending' order by sku_id limit 1)
    union all
    select (select d.sku_id from fulfillment_delivery d where d.state = 'pending'
        and d.sku_id > lane.sku_id order by d.sku_id limit 1)
    from lane where lane.sku_id is not null)
select lane.sku_id, array(
    select d.id from fulfillment_delivery d where d.state = 'pending' and d.sku_id = lane.sku_id
    and d.not_before <= %(now)s and {FREE} order by d.not_before, d.id limit %(most)s)
from lane where lane.sku_id is not null
"""  # noqa: S608  our own text
DUE_QUESTIONS = f"""
with recursive lane as (
    (select supplier_id from fulfillment_attempt where next_query_at is not null
        order by supplier_id limit 1)
    union all
    select (select a.supplier_id from fulfillment_attempt a where a.next_query_at is not null
        and a.supplier_id > lane.supplier_id order by a.supplier_id limit 1)
    from lane where lane.supplier_id is not null)
select lane.supplier_id, array(
    select d.id from fulfillment_attempt a join fulfillment_delivery d on d.id = a.delivery_id
    where a.supplier_id = lane.supplier_id and a.next_query_at <= %(now)s and {FREE}
    and (d.not_before is null or d.not_before <= %(now)s)
    order by a.next_query_at limit %(most)s)
from lane where lane.supplier_id is not null
"""  # noqa: S608
ROOM = """
select o.sku_id, s.id, s.state, s.dialect, s.concurrency, s.rate_per_second, p.free_at,
    c.state, c.until, c.probes, c.probed_at,
    (select count(*) from fulfillment_supplierslot t where t.supplier_id = s.id
        and t.number <= s.concurrency and t.until > %(now)s)
from fulfillment_supplieroffer o join fulfillment_supplier s on s.id = o.supplier_id
left join fulfillment_supplierpace p on p.supplier_id = s.id
left join fulfillment_suppliercircuit c on c.supplier_id = s.id and c.operation = 'order'
where o.active and o.sku_id = any(%(skus)s) order by o.sku_id, o.position, o.id
"""
#: Units of a SKU nobody can serve now that are looked at in one go, to be told why they wait.
EXPLAINED = 4
#: Due for so long, a unit is looked at although its suppliers are full: nothing is forgotten.
STRAY_AFTER = timedelta(minutes=2)
STRAYS = """
select d.id from fulfillment_delivery d
where d.state in ('pending', 'dispatched', 'unknown') and d.not_before < %(long_ago)s
and (d.lease_until is null or d.lease_until < %(now)s) order by d.not_before, d.id limit %(most)s
"""
NEXT_DUE = """
select least(
    (select min(not_before) from fulfillment_delivery
        where state in ('pending', 'dispatched', 'unknown') and not_before > %(now)s),
    (select min(next_query_at) from fulfillment_attempt where next_query_at > %(now)s))
"""


@dataclass(frozen=True, slots=True)
class Lane:
    """Deliveries that are due in one lane, the longest waiting first. ``key`` tells lanes apart."""

    key: str
    deliveries: tuple[int, ...]


def purchase_lanes(*, now: datetime, most: int, calls: int) -> list[Lane]:
    """Units to be bought, by SKU, as many as their suppliers can take now.

    ``most`` units a lane; ``calls``: no supplier counts for more calls at once than this.
    """
    due = {sku: ids for sku, ids in _rows(DUE_PURCHASES, now=now, most=most) if ids}
    rooms = _rooms(list(due), calls=calls, now=now) if due else {}
    return [
        Lane(f"sku:{sku}", tuple(ids[:room]))
        for sku, ids in due.items()
        if (room := rooms.get(sku, EXPLAINED))
    ]


def question_lanes(*, now: datetime, most: int) -> list[Lane]:
    """Purchases to be asked after, by supplier. No breaker and no slot stands before a question."""
    rows = _rows(DUE_QUESTIONS, now=now, most=most)
    return [Lane(f"ask:{supplier}", tuple(ids)) for supplier, ids in rows if ids]


def strays(*, now: datetime, most: int) -> Lane:
    """Open units that are long due in whichever state, and that nobody holds."""
    rows = _rows(STRAYS, now=now, long_ago=now - STRAY_AFTER, most=most)
    return Lane("strays", tuple(row[0] for row in rows))


def next_due(*, now: datetime) -> datetime | None:
    """When the next unit or question comes due that is not due yet."""
    ((found,),) = _rows(NEXT_DUE, now=now)
    return found if isinstance(found, datetime) else None


def _rooms(skus: Sequence[int], *, calls: int, now: datetime) -> dict[int, int]:
    """Purchases by SKU that somebody could take now; what two SKUs share is counted once."""
    by_sku: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for row in _rows(ROOM, skus=skus, now=now):
        by_sku[row[0]].append(row)
    left: dict[int, int] = {}
    rooms = {}
    for sku in _in_turn(skus, now):
        healthy = [row for row in by_sku[sku] if _is_up(row, now)]
        room = 0
        for row in healthy:
            free = left.setdefault(row[1], _capacity(row, calls=calls, now=now))
            room += free
            left[row[1]] = 0
        rooms[sku] = room if healthy else EXPLAINED
    return rooms


def _in_turn(skus: Iterable[int], now: datetime) -> list[int]:
    """Another SKU is first each time: one that shares its supplier must not always come second."""
    ordered = sorted(skus)
    start = int(now.timestamp() * 20) % len(ordered)
    return ordered[start:] + ordered[:start]


def _is_up(row: tuple[Any, ...], now: datetime) -> bool:
    breaker = breaker_at(_circuit(row), now=now)
    return row[2] == SupplierState.ON and bool(row[3]) and breaker.until is None


def _circuit(row: tuple[Any, ...]) -> SupplierCircuit | None:
    if row[7] is None:
        return None
    return SupplierCircuit(state=row[7], until=row[8], probes=row[9], probed_at=row[10])


def _capacity(row: tuple[Any, ...], *, calls: int, now: datetime) -> int:
    free: int = min(row[4], calls) - row[11]
    if row[5] is not None:
        ahead = (now + TURN_AHEAD - max(row[6] or now, now)).total_seconds()
        free = min(free, ceil(ahead * float(row[5])) if ahead > 0 else 0)
    probes = breaker_at(_circuit(row), now=now).probes_left
    return max(0, free if probes is None else min(free, probes))


def _rows(sql: str, **values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found
