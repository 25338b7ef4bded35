"""The right to one more call at a supplier: a slot, its turn in the rate, a probe if need be.

All three are rows of PostgreSQL: they hold across processes, and for what Valkey has lost. A slot frees
itself when its holder is gone; the bulkhead (R-SUP-7) is that nobody ever holds more than there are.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from core.faults import guard_off
from core.tx import part
from fulfillment.models import Supplier, SupplierPace, SupplierSlot
from fulfillment.queries.routes import CallLimits
from fulfillment.services.trip_breaker import take_probe

#: Longer than any call, so that a slot is not given away under one.
SPARE_SECONDS = 10.0
#: A purchase may be admitted this long before its turn; it waits for it with the slot in hand.
AHEAD_SECONDS = 1.0

#: The row itself, or as much of it as a routing decision has read.
Limits = Supplier | CallLimits

TAKE_SLOT = """
update fulfillment_supplierslot set holder = %(holder)s, until = %(until)s where id = (
    select id from fulfillment_supplierslot
    where supplier_id = %(supplier)s and number <= %(most)s
      and (until is null or until <= %(now)s)
    order by number limit 1 for update skip locked)
"""
TAKE_TURN = """
update fulfillment_supplierpace
set free_at = greatest(free_at, %(now)s) + %(interval)s
where supplier_id = %(supplier)s and free_at <= %(latest)s
returning greatest(old.free_at, %(now)s)
"""
# Who holds a call is no fact that must survive a crash: the slot frees itself.
GIVE_BACK = """
with soon as materialized (select set_config('synchronous_commit', 'off', true))
update fulfillment_supplierslot set until = null, holder = '' from soon where holder = %s
"""


@part
def take_call(*, supplier: Limits, holder: str, probing: bool, now: datetime) -> datetime | None:
    """Take what a purchase at this supplier needs; the moment of its turn, None when it is full.

    ``holder`` is the purchase's number. All or nothing: what was taken on the way is given back.
    """
    if supplier.rate_per_second is None and not probing:
        return _take(supplier, holder, probing=False, now=now)
    mark = transaction.savepoint()
    turn = _take(supplier, holder, probing=probing, now=now)
    if turn is None:
        transaction.savepoint_rollback(mark)
    else:
        transaction.savepoint_commit(mark)
    return turn


def _take(supplier: Limits, holder: str, *, probing: bool, now: datetime) -> datetime | None:
    if not guard_off("supply.slots") and not _take_slot(supplier, holder, now=now):
        return None
    turn = now
    if supplier.rate_per_second is not None and not guard_off("supply.pace"):
        found = _take_turn(supplier.pk, supplier.rate_per_second, now=now)
        if found is None:
            return None
        turn = found
    if probing and not take_probe(supplier_id=supplier.pk, now=now):
        return None
    return turn


def _take_slot(supplier: Limits, holder: str, *, now: datetime) -> bool:
    values: dict[str, Any] = {
        "supplier": supplier.pk, "holder": holder, "most": supplier.concurrency, "now": now,
        "until": slot_ends(supplier, now=now),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(TAKE_SLOT, values)
        if cursor.rowcount:
            return True
        if SupplierSlot.objects.filter(supplier_id=supplier.pk).count() >= supplier.concurrency:
            return False
        _lay_out(supplier)
        cursor.execute(TAKE_SLOT, values)
        return bool(cursor.rowcount)


def _lay_out(supplier: Limits) -> None:
    """A row for each call that the supplier's setting allows; those that are there stay."""
    SupplierSlot.objects.bulk_create(
        [
            SupplierSlot(supplier_id=supplier.pk, number=n)
            for n in range(1, supplier.concurrency + 1)
        ],
        ignore_conflicts=True,
    )


def slot_ends(supplier: Limits, *, now: datetime) -> datetime:
    """Until when a slot taken now is held without a word from its holder."""
    return now + timedelta(seconds=supplier.call_seconds + AHEAD_SECONDS + SPARE_SECONDS)


def _take_turn(supplier_id: int, rate: Decimal, *, now: datetime) -> datetime | None:
    values: dict[str, Any] = {
        "supplier": supplier_id,
        "now": now,
        "interval": timedelta(seconds=1 / float(rate)),
        "latest": now + timedelta(seconds=AHEAD_SECONDS),
    }
    with connection.cursor() as cursor:
        cursor.execute(TAKE_TURN, values)
        row = cursor.fetchone()
        if row is None and not SupplierPace.objects.filter(supplier_id=supplier_id).exists():
            SupplierPace.objects.bulk_create(
                [SupplierPace(supplier_id=supplier_id, free_at=now)], ignore_conflicts=True
            )
            cursor.execute(TAKE_TURN, values)
            row = cursor.fetchone()
    return row[0] if row else None


@part
def keep_call(*, supplier: Limits, holder: str, now: datetime) -> bool:
    """Make sure the purchase still has its slot just before it leaves; take one anew if not."""
    until = slot_ends(supplier, now=now)
    if guard_off("supply.slots"):
        return True
    held = SupplierSlot.objects.filter(holder=holder, until__gt=now).update(until=until)
    return held == 1 or _take_slot(supplier, holder, now=now)


def give_back_call(holder: str) -> None:
    """The call is over, whatever it brought: the slot is free for the next."""
    with connection.cursor() as cursor:
        cursor.execute(GIVE_BACK, [holder])
