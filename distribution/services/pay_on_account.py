"""An order of an outside channel is paid from its account, or, when its limit is used up, is none."""

from datetime import datetime

from core import transitions
from core.faults import guard_off
from core.ledger import FloorBreached
from core.tx import part, step
from distribution.marketplaces import words
from distribution.marketplaces.words import MarketRefused
from distribution.models import MarketOrder
from distribution.postings import account_of
from distribution.services.settle_order import settle_order
from distribution.states import TAKEN, MarketOrderState
from orders import postings
from orders.models import Payment
from orders.payments.registry import ACCOUNT
from orders.queries.orders import lock_order
from orders.services.close_order import cancel_order
from orders.services.confirm_payment import Receipt, confirm_in_step
from orders.states import OPEN_PAYMENT, OrderState


class _NotPayable(Exception):
    """The order was closed meanwhile, or its channel's order was refused."""


def pay_on_account(*, row_id: int, order: str, now: datetime, acting: str) -> None:
    """Confirm our order and charge its price to the channel, in one step; again is no second time.

    Money is minor units of the order's currency. Raises MarketRefused when the limit does not
    allow it: then our order is canceled and its stock is free. Source: R-LED, D8.
    """
    try:
        with step():
            _pay(row_id, order, now, acting)
    except FloorBreached:
        cancel_order(order=order, now=now, acting=acting)
        raise MarketRefused(words.CREDIT_USED_UP) from None
    except _NotPayable:
        cancel_order(order=order, now=now, acting=acting)
        raise MarketRefused(words.OUT_OF_STOCK) from None


@part
def _pay(row_id: int, order: str, now: datetime, acting: str) -> None:
    """Lock order: our order first, then the channel's, its account last."""
    ours = lock_order(order)
    row = MarketOrder.objects.select_for_update(of=("self",)).get(pk=row_id)
    if row.state in TAKEN:
        if row.order != order:
            raise _NotPayable(order)
        return
    if row.state != MarketOrderState.RECEIVED or ours is None:
        raise _NotPayable(order)
    if ours.state != OrderState.PENDING_PAYMENT or ours.expires_at <= now:
        raise _NotPayable(order)
    payment = Payment.objects.get(order=ours, provider=ACCOUNT, state__in=OPEN_PAYMENT)
    receipt = Receipt(ACCOUNT, payment.number, payment.amount_minor, payment.currency, "")
    confirm_in_step(receipt=receipt, now=now, acting=acting)
    if not guard_off("market.floor"):
        _charge(row, payment, order, now)
    transitions.move(
        MarketOrder, row.pk, from_=[MarketOrderState.RECEIVED], to=MarketOrderState.ACCEPTED,
        now=now, by=acting, state_at=now, order=order, total_minor=payment.amount_minor,
        not_before=None,
    )  # fmt: skip
    settle_order(order=order, now=now)


@part
def _charge(row: MarketOrder, payment: Payment, order: str, now: datetime) -> None:
    postings.post(
        postings.account_charged(
            payment=payment.public_id, account=account_of(row.marketplace.code), order=order,
            amount_minor=payment.amount_minor, currency=payment.currency,
        ),
        now=now,
    )  # fmt: skip
