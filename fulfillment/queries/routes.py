"""The facts behind a routing decision, in one statement: offers, suppliers, health, what was said before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connection

from core import switches
from fulfillment.models import Delivery, SupplierCircuit
from fulfillment.postings import PREPAID
from fulfillment.queries.breaker import breaker_at
from fulfillment.queries.speed import speeds
from fulfillment.routing.values import FASTEST, Health, OfferFacts, Rules, Unit
from fulfillment.states import SupplierState

#: The answer of an attempt that the supplier provably never got: no refusal, but not for ever.
NEVER_ARRIVED = "never_arrived"
MOST_LOST = 3
#: The kill switch: off, nothing is bought anywhere; what is under way is still asked after.
PURCHASES = "supply.purchases"
#: After a purchase that never left, the same offer rests so long; others are asked meanwhile.
UNREACHED_SECONDS = 1.0
#: A turn is admitted so long before it comes (`services/take_call.py`).
TURN_AHEAD = timedelta(seconds=1)

FACTS = """
select o.id, o.supplier_sku, o.cost_minor, o.max_cost_minor, o.position, o.weight,
    s.id, s.code, s.name, s.currency, s.state, s.dialect, s.concurrency, s.call_seconds,
    s.rate_per_second, case s.terms when 'consignment' then 1000000000000
        when 'credit' then greatest(0, s.credit_limit_minor + coalesce(w.balance, 0))
        else coalesce(b.balance, 0) end, c.state, c.until, c.probes, c.probed_at, p.free_at,
    (select count(*) from fulfillment_supplierslot t where t.supplier_id = s.id
        and t.number <= s.concurrency and t.until > %(now)s),
    coalesce(a.refused, 0), coalesce(a.lost, 0), a.unreached_at,
    r.policy, r.max_attempts, r.margin_floor_minor, r.margin_floor_bp, r.price_guard_bp, r.overflow
from fulfillment_supplieroffer o
join fulfillment_supplier s on s.id = o.supplier_id
left join fulfillment_routepolicy r on r.sku_id = o.sku_id
left join core_accountbalance b on b.account_id = %(prepaid)s || s.code and b.currency = s.currency
left join core_accountbalance w on w.account_id = 'supplier_payable:' || s.code
    and w.currency = s.currency
left join fulfillment_suppliercircuit c on c.supplier_id = s.id and c.operation = 'order'
left join fulfillment_supplierpace p on p.supplier_id = s.id
left join lateral (
    select count(*) filter (where t.state in ('rejected', 'failed') and t.answer_code <> %(lost)s)
            as refused,
        count(*) filter (where t.state in ('rejected', 'failed') and t.answer_code = %(lost)s)
            as lost,
        max(t.closed_at) filter (where t.state = 'not_sent') as unreached_at
    from fulfillment_attempt t
    where t.delivery_id = %(delivery)s and t.offer_id = o.id
      and (%(since)s::timestamptz is null or t.created_at > %(since)s)) a on true
where o.sku_id = %(sku)s and o.active and o.paused_why = ''
order by o.position, o.id
"""


@dataclass(frozen=True, slots=True)
class CallLimits:
    """What a supplier may be asked to bear: calls at once, seconds a call, purchases a second."""

    pk: int
    code: str
    concurrency: int
    call_seconds: int
    rate_per_second: Decimal | None


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything `fulfillment.routing` is asked about, and the suppliers' limits beside it."""

    rules: Rules
    offers: tuple[OfferFacts, ...]
    suppliers: dict[int, CallLimits]
    probing: frozenset[int]
    asked: int


def facts_of(*, sku_id: int, delivery: Delivery | None, now: datetime) -> Facts:
    """The facts of a SKU at `now`, and what its suppliers said about `delivery`, if one is given."""
    rows = _rows(sku_id, delivery, now)
    rules = Rules(*rows[0][25:31]) if rows and rows[0][25] is not None else Rules()
    speed = speeds({row[6] for row in rows}, now=now) if rules.policy == FASTEST else {}
    buying = switches.is_on(PURCHASES)
    offers, probing, suppliers = [], set(), {}
    for row in rows:
        supplier = CallLimits(row[6], row[7], row[12], row[13], row[14])
        breaker = breaker_at(_circuit(row), now=now)
        if breaker.probes_left is not None:
            probing.add(supplier.pk)
        suppliers[supplier.pk] = supplier
        health = Health(
            on=buying and row[10] == SupplierState.ON and bool(row[11]),
            paused_until=breaker.until,
            probes_left=breaker.probes_left,
            calls_free=supplier.concurrency - row[21],
            paced_until=_paced(row, now),
            prepaid_minor=row[15],
            speed_ms=speed.get(supplier.pk),
        )
        offers.append(_offer(row, health))
    asked = sum(1 for offer in offers if offer.refused)
    return Facts(rules, tuple(offers), suppliers, frozenset(probing), asked)


def unit_of(delivery: Delivery, facts: Facts) -> Unit:
    """The unit as the pure room knows it."""
    return Unit(
        seed=delivery.public_id,
        paid_minor=delivery.paid_minor,
        paid_currency=delivery.paid_currency or "CNY",
        asked=facts.asked,
    )


def _rows(sku_id: int, delivery: Delivery | None, now: datetime) -> Sequence[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            FACTS,
            {
                "sku": sku_id,
                "delivery": delivery.pk if delivery else None,
                "since": delivery.retried_at if delivery else None,
                "now": now,
                "prepaid": f"{PREPAID}:",
                "lost": NEVER_ARRIVED,
            },
        )
        found: Sequence[tuple[Any, ...]] = cursor.fetchall()
    return found


def _circuit(row: tuple[Any, ...]) -> SupplierCircuit | None:
    if row[16] is None:
        return None
    return SupplierCircuit(
        supplier_id=row[6], state=row[16], until=row[17], probes=row[18], probed_at=row[19]
    )


def _paced(row: tuple[Any, ...], now: datetime) -> datetime | None:
    """When the rate admits the next purchase; None without a rate, or when it does so now."""
    rate, free_at = row[14], row[20]
    if rate is None or free_at is None:
        return None
    admitted: datetime = free_at - TURN_AHEAD
    return admitted if admitted > now else None


def _offer(row: tuple[Any, ...], health: Health) -> OfferFacts:
    rest = timedelta(seconds=UNREACHED_SECONDS * settings.SUPPLY_TIME_SCALE)
    return OfferFacts(
        offer=row[0],
        supplier_sku=row[1],
        cost_minor=row[2],
        max_cost_minor=row[3],
        position=row[4],
        weight=row[5],
        supplier=row[6],
        code=row[7],
        name=row[8],
        currency=row[9],
        health=health,
        refused=row[22] > 0 or row[23] >= MOST_LOST,
        unreached_until=row[24] + rest if row[24] is not None else None,
    )
