"""Reads of orders by what a caller has: an id, a state, a wait."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Exists, F, OuterRef, QuerySet, Sum

from core.faults import guard_off
from core.tx import part
from orders.models import Order, OrderLine, OrderWait, Payment, Refund
from orders.states import LIVE_REFUND, PAID_SIDE, OrderState, RefundState, WaitState


@part
def lock_order(public_id: str) -> Order | None:
    """The order with its row locked: first in the lock order of everything about it."""
    orders = Order.objects.filter(public_id=public_id)
    if guard_off("orders.lock"):
        return orders.first()
    return orders.select_for_update(of=("self",)).first()


@part
def lock_orders(public_ids: Sequence[str]) -> list[Order]:
    """Many orders with their rows locked, always in the same order."""
    orders = Order.objects.filter(public_id__in=public_ids).order_by("pk")
    return list(orders.select_for_update(of=("self",)))


@part
def lock_applied_payment(order: Order) -> Payment | None:
    """The payment that pays a locked order, with its row locked; None when nothing does."""
    payments = Payment.objects.filter(order=order, applied=True)
    if guard_off("orders.refund_lock"):
        return payments.first()
    return payments.select_for_update(of=("self",)).first()


def expired_orders(*, now: datetime, limit: int) -> list[str]:
    """Public ids of unpaid orders past their time, the longest overdue first."""
    due = Order.objects.filter(state=OrderState.PENDING_PAYMENT, expires_at__lte=now)
    return list(due.order_by("expires_at").values_list("public_id", flat=True)[:limit])


def waiting_orders(*, sku_id: int, limit: int) -> list[str]:
    """Public ids of paid orders that wait for this SKU, the first come first."""
    waits = OrderWait.objects.filter(state=WaitState.OPEN, sku_ids__contains=[sku_id])
    return list(waits.order_by("created_at").values_list("order__public_id", flat=True)[:limit])


def waited_skus(*, limit: int) -> list[int]:
    """SKUs that paid orders wait for."""
    waits = OrderWait.objects.filter(state=WaitState.OPEN).order_by("created_at")
    found = [sku_id for ids in waits.values_list("sku_ids", flat=True)[:1000] for sku_id in ids]
    return list(dict.fromkeys(found))[:limit]


def overdue_waits(*, now: datetime, limit: int) -> list[str]:
    """Public ids of orders whose wait has reached its deadline."""
    waits = OrderWait.objects.filter(state=WaitState.OPEN, deadline__lte=now)
    return list(waits.order_by("deadline").values_list("order__public_id", flat=True)[:limit])


def bought_again(*, order_pk: int) -> bool:
    """Whether the same contact has since paid for one of the same goods (R-PAY-7)."""
    order = Order.objects.only("contact_index", "created_at").get(pk=order_pk)
    same_goods = OrderLine.objects.filter(
        order=OuterRef("pk"),
        sku_id__in=OrderLine.objects.filter(order_id=order_pk).values("sku_id"),
    )
    later = Order.objects.filter(
        contact_index=order.contact_index,
        created_at__gt=order.created_at,
        state__in=PAID_SIDE,
    )
    return later.filter(Exists(same_goods)).exclude(pk=order_pk).exists()


def claimed_minor(payment: Payment) -> int:
    """Minor units of a payment that refunds lay claim to, finished ones among them."""
    live = Refund.objects.filter(payment=payment, state__in=LIVE_REFUND)
    return live.aggregate(total=Sum("amount_minor"))["total"] or 0


def returned_minor(order: Order) -> int:
    """Minor units that pay the order and are back with the buyer, on their balance or outside."""
    done = Refund.objects.filter(order=order, payment__applied=True, state=RefundState.SUCCEEDED)
    return done.aggregate(total=Sum(F("amount_minor") + F("balance_minor")))["total"] or 0


def kept_minor(order: Order) -> int:
    """Minor units that an order's buyer paid, from whatever purse, and no refund lays claim to."""
    if not Payment.objects.filter(order=order, applied=True).exists():
        return 0
    live = Refund.objects.filter(order=order, payment__applied=True, state__in=LIVE_REFUND)
    back = live.aggregate(total=Sum(F("amount_minor") + F("balance_minor")))["total"] or 0
    return max(0, order.total_minor - back)


def orders_of(user_id: int) -> QuerySet[Order]:
    """A person's orders, newest first."""
    return Order.objects.filter(user_id=user_id).order_by("-id")
