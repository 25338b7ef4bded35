"""An unpaid order ends: its time is over, or somebody cancels it. Money after this is late money.

The payment is closed at the provider afterwards, outside the transaction, by `query_payment.py`.
"""

from datetime import datetime

from core import outbox, transitions, wake
from core.each import each
from core.tx import part, step
from fulfillment.services.release import release
from orders.events import OrderClosed
from orders.models import Order, Payment
from orders.queries.orders import expired_orders, lock_order
from orders.services.balance.pay_balance import release_balance
from orders.services.coupons.hold_coupons import give_back_coupons
from orders.services.groups.leave_seat import leave_seat
from orders.services.limits import give_back_limits
from orders.services.points.pay_points import release_points
from orders.states import OPEN_PAYMENT, OrderState
from risk.services.give_back import give_back

EXPIRED = "expired"
CANCELLED = "cancelled"
QUERY_TASK = "orders.query_payments"


def expire_orders(*, now: datetime, limit: int = 200) -> int:
    """Close every order past its time, each in its own step. Returns how many this call closed."""
    due = expired_orders(now=now, limit=limit)
    return each(lambda order: expire_order(order=order, now=now), due, name="expire_order")


def expire_order(*, order: str, now: datetime) -> bool:
    """Close one unpaid order whose time is over; False when it is paid, closed or not due."""
    with step():
        row = lock_order(order)
        if row is None or row.expires_at > now:
            return False
        return _close(row, why=EXPIRED, acting="system", now=now)


def cancel_order(*, order: str, now: datetime, acting: str) -> bool:
    """Close one unpaid order because its buyer or an operator says so; False when it is too late."""
    with step():
        row = lock_order(order)
        return row is not None and _close(row, why=CANCELLED, acting=acting, now=now)


@part
def _close(order: Order, *, why: str, acting: str, now: datetime) -> bool:
    """Order, holds and budgets in one step; payments stay open until their provider says so."""
    if order.state != OrderState.PENDING_PAYMENT:
        return False
    moved = transitions.move(
        Order, order.pk, from_=[OrderState.PENDING_PAYMENT], to=OrderState.CLOSED, now=now,
        by=acting, why=why, state_at=now, close_reason=why,
    )  # fmt: skip
    if not moved:
        return False
    Payment.objects.filter(order=order, state__in=OPEN_PAYMENT).update(not_before=now, tries=0)
    # In the order in which placing takes them: risk's budgets, limits, coupons, seats, codes. The other way round
    # a buyer's closing order and their next one could wait for each other.
    give_back(subject=order.public_id, now=now)
    give_back_limits(order)
    give_back_coupons(order=order, now=now, by=acting)
    leave_seat(order, now=now)
    release(reference=order.public_id, now=now, why=why, by=acting)
    release_points(order, now=now, why=why)
    release_balance(order, now=now, why=why)
    outbox.publish(OrderClosed(order.public_id, order.channel_code, why), now=now)
    wake.poke(QUERY_TASK, gather=True)
    return True
