"""The part of an order that is paid from its buyer's balance: a tender, never a discount.

Held when it is placed, spent in the transaction that pays the order, given back when that comes to
nothing and, unit by unit, with refunds. Every verb here is a part of the step that moves the order,
whose row is locked there; balances are last in the lock order (design.md rule 4), points before.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from django.db.models import F
from django.utils.translation import gettext as _

from core import transitions
from core.faults import guard_off
from core.ledger import FloorBreached
from core.tx import part
from orders import postings
from orders.models import BalancePayment, Order, OrderLine, Refund
from orders.postings import BALANCE_HELD, Entry
from orders.queries.balance import account
from orders.queries.confirming import Locked
from orders.queries.placing import NewOrder
from orders.services.balance.balance_book import credit, move
from orders.services.balance.balance_shares import line_shares, unit_share
from orders.services.limit_reached import BalanceUsedUp
from orders.states import BalanceState as State


class RefundedUnit(Protocol):
    """One unit of a line (numbered from 1) that goes back."""

    @property
    def line(self) -> OrderLine: ...
    @property
    def unit(self) -> int: ...


@part
def hold_balance(new: NewOrder, *, now: datetime) -> bool:
    """Hold what a new order takes from its buyer's balance; False when it takes nothing.

    Raises BalanceUsedUp when it is not there (any more).
    """
    if not new.balance_minor:
        return False
    order_id = Order.objects.values_list("pk", flat=True).get(public_id=new.public_id)
    paid = [(line.public_id, line.paid_minor) for line in new.lines]
    payment = BalancePayment.objects.create(
        order_id=order_id, owner=new.owner, amount_minor=new.balance_minor, currency=new.currency,
        shares=line_shares(new.balance_minor, paid), state_at=now, created_at=now,
    )  # fmt: skip
    _take(payment, new.public_id, now)
    return True


@part
def hold_balance_again(order_pk: int, *, now: datetime) -> bool:
    """Late money is honoured: what had been given back is held again. Raises BalanceUsedUp."""
    rows = BalancePayment.objects.filter(order_id=order_pk, state=State.RELEASED)
    payment = rows.select_related("order").first()
    if payment is None:
        return False
    payment.turn += 1
    transitions.move(
        BalancePayment, payment.pk, from_=[State.RELEASED], to=State.HELD, now=now, by="system",
        why="late money", state_at=now, turn=payment.turn,
    )  # fmt: skip
    _take(payment, payment.order.public_id, now)
    return True


@part
def release_balance(order: Order, *, now: datetime, why: str) -> bool:
    """The order came to nothing: what was held is its buyer's again."""
    if not order.owner:
        return False
    payment = BalancePayment.objects.filter(order=order, state=State.HELD).first()
    if payment is None or not transitions.move(
        BalancePayment, payment.pk, from_=[State.HELD], to=State.RELEASED, now=now, by="system",
        why=why, state_at=now,
    ):  # fmt: skip
        return False
    return credit(
        owner=payment.owner, amount_minor=payment.amount_minor, source=BALANCE_HELD,
        key=f"balance.released:{payment.public_id}:{payment.turn}", kind="balance.released",
        currency=payment.currency, subject=order.public_id, now=now,
    )  # fmt: skip


@part
def spend_balance(locked: Locked, *, now: datetime) -> list[Entry]:
    """The order is paid: what was held pays its part. Returns the journals that say so.

    An order without any has a payment of its whole total, and costs no statement here.
    """
    if locked.amount_minor == locked.total_minor:
        return []
    payment = BalancePayment.objects.get(order_id=locked.order_pk, state=State.HELD)
    transitions.move(
        BalancePayment, payment.pk, from_=[State.HELD], to=State.SPENT, now=now, by="system",
        why="paid", state_at=now,
    )  # fmt: skip
    return [
        postings.balance_spent(
            payment=payment.public_id, turn=payment.turn, order=locked.order,
            amount_minor=payment.amount_minor, currency=payment.currency,
        )
    ]  # fmt: skip


@part
def balance_part(order: Order, units: Iterable[RefundedUnit]) -> int:
    """What of these units' price the balance paid, in minor units; the rest was the provider's."""
    payment = BalancePayment.objects.filter(order=order, state=State.SPENT).first()
    if payment is None:
        return 0
    return sum(
        unit_share(payment.shares, one.line.public_id, one.line.quantity, one.unit) for one in units
    )


@part
def return_balance(refund: Refund, *, order: str, now: datetime) -> bool:
    """Put a refund's part of the balance back on it, at once; False when it has none.

    Raises django.db.IntegrityError when more would go back than was spent.
    """
    if not refund.balance_minor:
        return False
    payment = BalancePayment.objects.get(order_id=refund.order_id, state=State.SPENT)
    BalancePayment.objects.filter(pk=payment.pk).update(
        returned_minor=F("returned_minor") + refund.balance_minor
    )
    return credit(
        owner=payment.owner, amount_minor=refund.balance_minor, source=refund.source_account,
        key=f"balance.returned:{refund.public_id}", kind="balance.returned",
        currency=payment.currency, subject=order, now=now,
    )  # fmt: skip


def _take(payment: BalancePayment, order: str, now: datetime) -> None:
    """Move it from the balance to what is held. Raises BalanceUsedUp."""
    if guard_off("orders.balance"):
        return
    try:
        move(
            key=f"balance.held:{payment.public_id}:{payment.turn}", kind="balance.held",
            to=account(payment.owner), out=BALANCE_HELD, amount_minor=payment.amount_minor,
            currency=payment.currency, subject=order, now=now,
        )  # fmt: skip
    except FloorBreached as gone:
        raise BalanceUsedUp(_("Your balance has changed since you looked.")) from gone
