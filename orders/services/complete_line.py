"""Road, step 8: what fulfillment says about a unit becomes the order's count, money and state.

Before: the delivery's own road (`fulfillment/road.py`). Next: `derive_order.py`; a unit that will
not come is refunded through `request_refund.py`.
"""

from datetime import datetime

import structlog

from core.tx import part
from orders import postings
from orders.models import Order, OrderLine, RefundLine
from orders.queries.orders import lock_applied_payment, lock_order
from orders.queries.units import has_failed
from orders.services.derive_order import derive_order
from orders.services.request_refund import (
    NothingToRefund,
    Unit,
    open_unit_refund,
    request_refund_in_step,
    unit_amounts,
)
from orders.services.unit_entries import delivered_entries, taken_back_entries

log = structlog.get_logger(__name__)


class NotToldYet(Exception):
    """An earlier fact about this unit waits to be told again; this one has to wait for it."""


@part
def complete_line(
    *, order: str, line: str, delivery: str, unit: int, now: datetime, acting: str
) -> bool:
    """Count one delivered unit of a line and earn its money; False when it was counted before.

    Units delivered in the paying transaction were counted there: their line is complete already.
    """
    row, item = _locked(order, line)
    if row is None or item is None or (_is_complete(item) and not item.failed):
        return False
    # Nothing is on its way but this unit: it is one that had failed and was started over.
    revived = int(_is_complete(item))
    OrderLine.objects.filter(pk=item.pk).update(
        delivered=item.delivered + 1, failed=item.failed - revived
    )
    for entry in delivered_entries(item, unit=unit, delivery=delivery, order=order):
        postings.post(entry, now=now)
    derive_order(row, now=now, acting=acting, why=f"delivered {delivery}")
    return True


@part
def fail_line(*, order: str, line: str, delivery: str, reason: str, now: datetime) -> bool:
    """One unit will definitely not come: count it and send its money back. False when counted.

    The fact may be older than what people did meanwhile: a unit refunded or started over before it
    was told is not counted, its own facts will tell.
    """
    row, item = _locked(order, line)
    if row is None or item is None or _is_complete(item) or not has_failed(delivery):
        return False
    OrderLine.objects.filter(pk=item.pk).update(failed=item.failed + 1)
    try:
        request_refund_in_step(
            order=order, now=now, acting="system", reason=reason or "supply failed",
            deliveries=[delivery],
        )  # fmt: skip
    except NothingToRefund:
        # The order is in no state to refund it: people see it as failed.
        log.warning("failed_unit_not_refunded", order=order, delivery=delivery)
        derive_order(row, now=now, acting="system", why=f"failed {delivery}")
    return True


@part
def take_back_unit(
    *, order: str, line: str, delivery: str, unit: int, reason: str, now: datetime
) -> bool:
    """A delivered unit was taken back after all (two persons accepted a reversal): refund it.

    What it had earned is owed again and goes back at once. False when it was refunded before.
    Raises NotToldYet while its delivery has not been heard: facts may come out of order.
    """
    row, item = _locked(order, line)
    payment = lock_applied_payment(row) if row else None
    if row is None or item is None or payment is None:
        return False
    if RefundLine.objects.filter(line=item, unit=unit).exists():
        return False
    if not item.delivered:
        raise NotToldYet(delivery)
    amount = unit_amounts(item)[unit - 1]
    postings.post(
        postings.unit_reversed(
            delivery=delivery, order=order, amount_minor=amount, currency=item.currency
        ),
        now=now,
    )
    for entry in taken_back_entries(item, unit=unit, delivery=delivery, order=order):
        postings.post(entry, now=now)
    OrderLine.objects.filter(pk=item.pk).update(delivered=item.delivered - 1, gone=item.gone + 1)
    open_unit_refund(
        order=row, payment=payment, unit=Unit(item, unit, delivery, amount), reason=reason, now=now
    )
    derive_order(row, now=now, acting="system", why=f"taken back {delivery}")
    return True


def _locked(order: str, line: str) -> tuple[Order | None, OrderLine | None]:
    row = lock_order(order)
    if row is None:
        return (None, None)
    return (row, row.lines.filter(public_id=line).first())


def _is_complete(item: OrderLine) -> bool:
    return item.delivered + item.gone + item.failed >= item.quantity
