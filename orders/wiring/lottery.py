"""What lotteries hang into the sockets of the floors below, and what they hear."""

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts import acts
from core import approvals, audit
from core.health import QUEUES, Queue
from core.outbox import subscribe
from core.rotation import SEALED_COLUMNS, SealedColumn
from orders.events import OrderCompleted
from orders.invariants import lottery  # noqa: F401  registers itself
from orders.prizes import NOTHING, PRIZES, PrizeKind
from orders.queries.lotteries import ORDER_RULES
from orders.services.coupons.give_coupon import coupon_problem, give_coupon
from orders.services.lotteries import close_lottery, hand_over, open_lottery
from orders.services.lotteries.earn_chance import FINISHED, earn_for_order
from orders.services.lotteries.give_goods import give_goods, goods_hindrance, goods_problem


def _earns_nothing(event: OrderCompleted) -> bool:
    return not event.owner or event.state not in FINISHED or not ORDER_RULES.get()


@subscribe(OrderCompleted, "orders.earn_chances", unless=_earns_nothing)
def on_completed(event: OrderCompleted, *, now: datetime) -> None:
    earn_for_order(order=event.order, now=now)


def _order_address(result: str) -> str:
    return reverse("orders:order", args=[result])


def _goods_problem(prize: Any) -> str:
    return goods_problem(prize, prize.channel_code)


def _nothing(_prize: Any) -> str:
    return ""


def register() -> None:
    """Called once, when every floor below is loaded."""
    PRIZES.register(NOTHING, PrizeKind(NOTHING, _("Nothing"), _nothing))
    PRIZES.register(
        "goods",
        PrizeKind(
            "goods",
            _("Goods"),
            _goods_problem,
            give_goods,
            endless=False,
            hindrance=goods_hindrance,
            address=_order_address,
        ),
    )
    coupon = PrizeKind("coupon", _("Coupon"), coupon_problem, give_coupon, needs_account=True)
    PRIZES.register("coupon", coupon)
    acts.register(open_lottery.ACT, _("Set up and end lotteries"), roles=("operator",))
    acts.register("lotteries.settle", _("Settle a prize by hand"), roles=("operator", "support"))
    approvals.executor(open_lottery.ACTION, act=open_lottery.ACT, title=_("Open a lottery"))(
        open_lottery.carry_out
    )
    audit.declare(open_lottery.OPENED, "A lottery was opened by two persons")
    audit.declare(open_lottery.SET_UP, "A lottery was set up")
    audit.declare(close_lottery.CLOSED, "A lottery was ended by staff")
    audit.declare(hand_over.SETTLED, "A prize or a redeemed code was settled by hand")
    SEALED_COLUMNS.register(
        "orders.Lottery.seed_sealed",
        SealedColumn("orders.Lottery", "seed_sealed", lambda row: row.context),
    )
    QUEUES.register(
        "orders.awards",
        Queue(
            _("Prizes on their way"),
            "select count(*), min(created_at) from orders_award where state = 'waiting'",
            late_seconds=3600,
        ),
    )
