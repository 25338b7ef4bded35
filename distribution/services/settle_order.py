"""The result of an outside channel's order follows from ours, by one function, and is told."""

from datetime import datetime

from django.db.models import Sum

from core import transitions, wake
from core.tx import part
from distribution.marketplaces.words import STATUS
from distribution.models import MarketOrder, MarketPush
from distribution.postings import account_of
from distribution.states import MarketOrderState, PushState
from orders import postings
from orders.models import Order, OrderLine, Refund
from orders.queries.orders import lock_order
from orders.states import OrderState, RefundState

PUSH_TASK = "distribution.push_results"


@part
def settle_order(*, order: str, now: datetime) -> str:
    """Bring the channel's order to what ours says. Returns its state; empty when there is none.

    Our order is locked first. A result is queued in the same transaction whenever it changed.
    """
    ours = lock_order(order)
    row = _locked(order)
    if ours is None or row is None:
        return ""
    delivered = sum(OrderLine.objects.filter(order=ours).values_list("delivered", flat=True))
    became = _state_of(ours, row)
    told = (row.state, row.delivered) != (became, delivered)
    if delivered != row.delivered:
        MarketOrder.objects.filter(pk=row.pk).update(delivered=delivered)
    if became != row.state:
        transitions.move(
            MarketOrder, row.pk, from_=[row.state], to=became, now=now, by="system",
            why=str(ours.state), state_at=now,
        )  # fmt: skip
    if told and became in {MarketOrderState.DONE, MarketOrderState.FAILED}:
        queue_result(row=row, result=STATUS[became], now=now)
    return became


@part
def credit_order(
    *, order: str, refund: str, amount_minor: int, currency: str, now: datetime
) -> bool:
    """A refund of a channel's order lowers what it owes (minor units); False for other orders.

    Once for each refund. Raises IntegrityError when more came back than was charged.
    """
    row = _locked(order)
    if row is None:
        return False
    entry = postings.account_credited(
        refund=refund, account=account_of(row.marketplace.code), order=order,
        amount_minor=amount_minor, currency=currency,
    )  # fmt: skip
    if postings.post(entry, now=now):
        MarketOrder.objects.filter(pk=row.pk).update(
            credited_minor=row.credited_minor + amount_minor
        )
    return True


@part
def queue_result(*, row: MarketOrder, result: str, now: datetime) -> MarketPush | None:
    """Queue a result for the channel, in place of any that is still on its way; None without address."""
    waiting = [PushState.WAITING, PushState.DEAD]
    older = MarketPush.objects.filter(order=row, state__in=waiting).values_list("pk", flat=True)
    transitions.move_many(
        MarketPush, list(older), from_=waiting, to=PushState.REPLACED, now=now, by="system",
        state_at=now, not_before=None,
    )  # fmt: skip
    if not row.marketplace.callback_url:
        return None
    made = MarketPush.objects.create(
        order=row, result=result, state_at=now, created_at=now, not_before=now
    )
    transitions.begin(
        entity="marketpush", subject=made.public_id, state=made.state, now=now, by="system"
    )
    wake.poke(PUSH_TASK)
    return made


def _locked(order: str) -> MarketOrder | None:
    rows = MarketOrder.objects.select_related("marketplace").filter(order=order)
    return rows.select_for_update(of=("self",)).first()


def _state_of(ours: Order, row: MarketOrder) -> str:
    """Final when nothing of ours is on its way any more and all money is where it belongs."""
    refunds = Refund.objects.filter(order=ours).exclude(state=RefundState.REJECTED)
    going_back = refunds.aggregate(total=Sum("amount_minor"))["total"] or 0
    if going_back != row.credited_minor:
        return row.state
    if ours.state == OrderState.REFUNDED:
        return MarketOrderState.FAILED
    if ours.state == OrderState.DELIVERED:
        return MarketOrderState.DONE
    if ours.state == OrderState.PARTIALLY_DELIVERED and not _is_stuck(ours):
        return MarketOrderState.DONE
    return row.state


def _is_stuck(ours: Order) -> bool:
    return OrderLine.objects.filter(order=ours, failed__gt=0).exists()
