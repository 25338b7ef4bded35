"""Orders that are paid and wait: for stock (O4) or for the rest of their group (M4).

They are filled when it comes, and refunded at their deadline.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import F

from core import transitions
from core.each import each
from core.tx import part, step
from fulfillment.services.open_deliveries import open_deliveries
from orders import postings
from orders.models import GroupSeat, Order, OrderLine, OrderWait
from orders.queries.confirming import lock_lines
from orders.queries.group_buys import orders_of_full_groups
from orders.queries.orders import lock_order, overdue_waits, waited_skus, waiting_orders
from orders.services.confirm_payment import open_lines, wait_for_stock
from orders.services.derive_order import derive_order
from orders.services.groups.end_group import is_over
from orders.services.groups.tell_group import tell_full, tell_over
from orders.services.request_refund import WAITING, request_refund_in_step
from orders.services.unit_entries import delivered_entries
from orders.states import BuyGroupState, OrderState, WaitState


def fill_waits(*, sku_id: int, now: datetime, limit: int = 200) -> int:
    """Open waiting orders for a SKU that has stock again, first come first, until it is short.

    Each order is its own step. Returns how many were filled.
    """
    due = waiting_orders(sku_id=sku_id, limit=limit)
    return each(lambda o: fill_wait(order=o, now=now), due, name="fill_wait", while_true=True)


def fill_all_waits(*, now: datetime, limit: int = 100) -> int:
    """Try each SKU somebody waits for, whether or not anybody told of new stock (R-JOB-4)."""
    skus = waited_skus(limit=limit)
    return sum(fill_waits(sku_id=sku_id, now=now) for sku_id in skus)


def fill_groups(*, now: datetime, limit: int = 200) -> int:
    """Open the waiting orders of groups that are full, each in its own step. Returns how many."""
    due = orders_of_full_groups(limit=limit)
    return each(lambda order: fill_wait(order=order, now=now), due, name="fill_group")


def fill_wait(*, order: str, now: datetime) -> bool:
    """Open one waiting order; False when stock is still short, its group is, or it waits no more."""
    with step():
        row = lock_order(order)
        return row is not None and _fill(row, now)


@part
def _fill(row: Order, now: datetime) -> bool:
    if row.state not in WAITING or (row.state == OrderState.PAID and not _is_complete(row)):
        return False
    lines = lock_lines(row.pk)
    opened = open_deliveries(
        reference=row.public_id, owner=row.owner or None, channel=row.channel_code,
        lines=open_lines(lines), now=now,
    )  # fmt: skip
    if opened.short:
        _wait_on(row, opened.short, now)
        return False
    by_line = {line.public_id: line for line in lines}
    for unit in opened.delivered:
        line = by_line[unit.line]
        OrderLine.objects.filter(pk=line.pk).update(delivered=F("delivered") + 1)
        for entry in delivered_entries(
            line, unit=unit.unit, delivery=unit.delivery, order=row.public_id
        ):
            postings.post(entry, now=now)
    _end_wait(row, WaitState.FILLED, now)
    grouped = row.state == OrderState.PAID
    why = "its group is full" if grouped else "stock arrived"
    derive_order(row, now=now, acting="system", why=why)
    if grouped:
        tell_full(order=row.public_id, now=now)
    return True


def _is_complete(row: Order) -> bool:
    """Whether the group of a paid order is full; once it is, it stays so."""
    return GroupSeat.objects.filter(order=row, group__state=BuyGroupState.FULL).exists()


@part
def _wait_on(row: Order, short: Sequence[int], now: datetime) -> None:
    """Stock is short: an order that waited for its group waits for stock from now on."""
    if row.state == OrderState.WAITING_STOCK:
        OrderWait.objects.filter(order=row, state=WaitState.OPEN).update(sku_ids=list(short))
        return
    _end_wait(row, WaitState.FILLED, now)
    transitions.move(
        Order, row.pk, from_=[OrderState.PAID], to=OrderState.WAITING_STOCK, now=now, by="system",
        why="stock is short", state_at=now,
    )  # fmt: skip
    wait_for_stock(order_pk=row.pk, order=row.public_id, sku_ids=short, now=now)


def end_overdue_waits(*, now: datetime, limit: int = 100) -> int:
    """Refund orders whose deadline has come, each in its own step. Returns how many."""
    due = overdue_waits(now=now, limit=limit)
    return each(lambda order: end_overdue_wait(order=order, now=now), due, name="end_overdue_wait")


def end_overdue_wait(*, order: str, now: datetime) -> bool:
    """Fill an order whose deadline has come, or refund it; whether it was refunded.

    One step: an order that somebody fills while we look is theirs, its goods are on their way.
    """
    with step():
        row = lock_order(order)
        if row is None or row.state not in WAITING:
            return False
        if row.state == OrderState.PAID:
            reason = "its group was not full in time"
            group = GroupSeat.objects.select_related("group").get(order=row).group
            if not is_over(group.pk, now=now):
                _fill(row, now)
                return False
            tell_over(order=order, until=group.deadline, now=now)
        else:
            reason = "no stock in time"
            if _fill(row, now):
                return False
        request_refund_in_step(order=order, now=now, acting="system", reason=reason)
        return True


@part
def _end_wait(order: Order, to: WaitState, now: datetime) -> None:
    for wait in OrderWait.objects.filter(order=order, state=WaitState.OPEN):
        transitions.move(
            OrderWait, wait.pk, from_=[WaitState.OPEN], to=to, now=now, by="system", ended_at=now
        )
