"""How each supplier has been doing lately: one row a supplier for the people who watch."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection

from fulfillment.models import SupplierCircuit
from fulfillment.postings import PREPAID
from fulfillment.queries.breaker import Breaker, breaker_at
from fulfillment.states import CircuitState, SupplierState

#: What counts as lately, and the most answers of one supplier that are looked at.
LATELY = timedelta(hours=1)
MOST_ANSWERS = 1000
#: From these shares on a figure is shown as a warning.
WORRYING_UNKNOWN, WORRYING_SUCCESS = 0.05, 0.9

HEALTH = """
select s.id, s.code, s.name, s.state, s.currency, s.concurrency, s.rate_per_second,
    n.calls, n.good, n.unsure, n.unsent, n.p50, n.p95,
    c.state, c.until, c.probes, c.probed_at, c.why,
    (select count(*) from fulfillment_supplierslot t where t.supplier_id = s.id
        and t.number <= s.concurrency and t.until > %(now)s),
    coalesce(b.balance, 0),
    (select count(*) from fulfillment_delivery d where d.state = 'pending' and d.sku_id in (
        select o.sku_id from fulfillment_supplieroffer o where o.supplier_id = s.id and o.active)),
    (select count(*) from fulfillment_attempt a
        where a.supplier_id = s.id and a.next_query_at is not null and a.closed_at is null),
    e.verdict, e.said, e.at
from fulfillment_supplier s
left join lateral (
    select count(*) as calls,
        count(*) filter (where verdict in ('accepted', 'succeeded')) as good,
        count(*) filter (where verdict = 'unknown') as unsure,
        count(*) filter (where verdict = 'not_sent') as unsent,
        percentile_cont(0.5) within group (order by took_ms) as p50,
        percentile_cont(0.95) within group (order by took_ms) as p95
    from (select verdict, took_ms, at from fulfillment_supplierevent
        where supplier_id = s.id and source = 'answer' order by id desc limit %(most)s) x
    where at > %(since)s) n on true
left join fulfillment_suppliercircuit c on c.supplier_id = s.id and c.operation = 'order'
left join core_accountbalance b on b.account_id = %(prepaid)s || s.code and b.currency = s.currency
left join lateral (
    select verdict, coalesce(nullif(code, ''), problem) as said, at from (
        select verdict, code, problem, at from fulfillment_supplierevent
        where supplier_id = s.id and source = 'answer' order by id desc limit %(most)s) y
    where verdict not in ('accepted', 'succeeded') limit 1) e on true
where s.dialect <> ''
order by s.state = 'on' desc, s.name
"""


@dataclass(frozen=True, slots=True)
class SupplierHealth:
    """One supplier over the last hour. Latencies in milliseconds, money in minor units."""

    pk: int
    code: str
    name: str
    on: bool
    currency: str
    concurrency: int
    rate_per_second: Decimal | None
    calls: int
    good: int
    unsure: int
    unsent: int
    p50_ms: int | None
    p95_ms: int | None
    breaker: Breaker
    why_open: str
    calls_open: int
    prepaid_minor: int
    waiting: int
    asked_after: int
    last_error: str
    last_error_at: datetime | None

    @property
    def success(self) -> float | None:
        """Purchases taken, as a share of all answers; None without any."""
        return self.good / self.calls if self.calls else None

    @property
    def unknown(self) -> float | None:
        """Answers that proved nothing, as a share of all."""
        return self.unsure / self.calls if self.calls else None

    @property
    def tone(self) -> str:
        """danger, warning, success or info: how worried to be at a glance."""
        if not self.on:
            return "info"
        if self.breaker.state == CircuitState.OPEN:
            return "danger"
        if self.breaker.state == CircuitState.HALF_OPEN:
            return "warning"
        worrying = self.calls and (
            (self.unknown or 0) >= WORRYING_UNKNOWN or (self.success or 0) < WORRYING_SUCCESS
        )
        return "warning" if worrying else "success"


def supply_health(*, now: datetime) -> list[SupplierHealth]:
    """Every supplier that can be called, those that are on first."""
    values: dict[str, Any] = {
        "now": now, "since": now - LATELY, "most": MOST_ANSWERS, "prepaid": f"{PREPAID}:",
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(HEALTH, values)
        return [_health(row, now) for row in cursor.fetchall()]


def _health(row: tuple[Any, ...], now: datetime) -> SupplierHealth:
    circuit = None
    if row[13] is not None:
        circuit = SupplierCircuit(state=row[13], until=row[14], probes=row[15], probed_at=row[16])
    return SupplierHealth(
        pk=row[0],
        code=row[1],
        name=row[2],
        on=row[3] == SupplierState.ON,
        currency=row[4],
        concurrency=row[5],
        rate_per_second=row[6],
        calls=row[7],
        good=row[8],
        unsure=row[9],
        unsent=row[10],
        p50_ms=None if row[11] is None else round(row[11]),
        p95_ms=None if row[12] is None else round(row[12]),
        breaker=breaker_at(circuit, now=now),
        why_open=row[17] or "",
        calls_open=row[18],
        prepaid_minor=row[19],
        waiting=row[20],
        asked_after=row[21],
        last_error=" · ".join(filter(None, (row[22], row[23]))),
        last_error_at=row[24],
    )
