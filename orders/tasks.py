"""This floor's periodic and woken work. Each may run twice at once; rows decide what is due."""

from collections.abc import Callable
from typing import Any

from celery import shared_task

from core import clock, wake
from core.each import each
from core.faults import crashpoint
from orders.services.book_asides import book_asides
from orders.services.close_order import expire_orders
from orders.services.coupons.make_coupons import MAKE_TASK, make_coupons
from orders.services.coupons.tend_coupons import expire_coupons, remind_coupons
from orders.services.coupons.void_coupons import void_batches
from orders.services.exchange.open_batch import make_codes
from orders.services.fill_waits import (
    end_overdue_waits,
    fill_all_waits,
    fill_groups,
    fill_waits,
)
from orders.services.flash.run_flash import advance_flashes
from orders.services.groups.end_group import expire_groups
from orders.services.groups.pay_seat import END_TASK, FILL_TASK
from orders.services.groups.run_group_buy import advance_group_buys
from orders.services.lotteries.close_lottery import sweep_lotteries
from orders.services.lotteries.hand_over import hand_over
from orders.services.points.earn_points import credit_points
from orders.services.points.expire_points import expire_points, remind_of_points
from orders.services.process_notices import process_notices
from orders.services.promotions.change_promotion import end_promotions
from orders.services.push_refund import push_refunds
from orders.services.query_payment import query_payments
from orders.services.rewards.lapse_packets import lapse_packets
from orders.services.rewards.reward_invites import reward_invites
from orders.services.save_cart import forget_carts
from orders.services.subscriptions.drive_periods import drive_periods
from orders.services.subscriptions.end_subscription import end_due_subscriptions
from orders.services.subscriptions.query_mandate import query_mandates

PARTS: tuple[Callable[..., object], ...] = (
    process_notices,
    expire_orders,
    lambda now: crashpoint("CP17"),
    book_asides,
    advance_flashes,
    advance_group_buys,
    expire_groups,
    fill_groups,
    fill_all_waits,
    end_overdue_waits,
    end_promotions,
    credit_points,
    expire_points,
    reward_invites,
    lapse_packets,
    remind_of_points,
    forget_carts,
    expire_coupons,
    remind_coupons,
    void_batches,
    sweep_lotteries,
    hand_over,
    make_codes,
    end_due_subscriptions,
    query_payments,
    query_mandates,
    drive_periods,
    push_refunds,
    make_coupons,
)


@shared_task(name="orders.expire")
def expire(*_: Any) -> None:
    expire_orders(now=clock.now())


@shared_task(name="orders.query_payments")
def query(*_: Any) -> None:
    query_payments(now=clock.now())


@shared_task(name="orders.push_refund")
def push(*_: Any) -> None:
    push_refunds(now=clock.now())


@shared_task(name="orders.push_refunds")
def push_all(*_: Any) -> None:
    push_refunds(now=clock.now())


@shared_task(name="orders.fill_waits")
def fill(sku_id: str, *_: Any) -> None:
    fill_waits(sku_id=int(sku_id), now=clock.now())


@shared_task(name=FILL_TASK)
def fill_full_groups(*_: Any) -> None:
    fill_groups(now=clock.now())


@shared_task(name=END_TASK)
def end_waits(*_: Any) -> None:
    end_overdue_waits(now=clock.now())


@shared_task(name="orders.hand_over")
def hand_over_prizes(*_: Any) -> None:
    hand_over(now=clock.now())


@shared_task(name="orders.make_codes")
def make_exchange_codes(*_: Any) -> None:
    make_codes(now=clock.now())


@shared_task(name="orders.process_notices")
def notices(*_: Any) -> None:
    process_notices(now=clock.now())


@shared_task(name="orders.query_mandates")
def mandates(*_: Any) -> None:
    query_mandates(now=clock.now())


@shared_task(name="orders.drive_periods")
def periods(*_: Any) -> None:
    drive_periods(now=clock.now())


@shared_task(name=MAKE_TASK)
def make(*_: Any) -> None:
    """A slice of a batch of coupon codes; it asks for the next one itself, the sweeper if it cannot."""
    void_batches(now=clock.now())
    if make_coupons(now=clock.now()):
        wake.poke(MAKE_TASK)


@shared_task(name="orders.sweep")
def sweep(*_: Any) -> None:
    """Everything that may be due, whatever became of the wake-ups (R-JOB-4).

    A part that fails does not keep the next one waiting. Those that call outside come last.
    """
    each(lambda part: part(now=clock.now()), PARTS, name="orders.sweep")
