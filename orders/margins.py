"""What is left of an order's lines after discount, goods, payment fee and commission (C7)."""

from dataclasses import dataclass

from django.db.models import Sum

from catalog.offers import ChannelView
from catalog.pricing import Margin, fee_of
from catalog.queries import channel_by_code
from core.money import split_minor
from fulfillment.queries.costs import unit_costs
from orders.models import Order, Payment, RefundLine
from orders.payments import registry
from orders.states import LIVE_REFUND


@dataclass(frozen=True, slots=True)
class LineMargin:
    """One line: money kept, real cost and fee in minor units; `open_units` are not delivered yet."""

    line: str
    margin: Margin
    open_units: int


def line_margins(order: Order) -> dict[str, LineMargin]:
    """The margin of each line of a paid order, by its id; nothing for one that is not paid.

    What is kept is what was paid for the line, after every discount, less what refunds lay claim
    to. The cost is what the books say of each delivered unit. The fee is the provider's agreed one
    on the whole payment, over the lines by what was paid; providers keep it when they refund. The
    commission is what the order's channel keeps free for it, of what is kept.
    """
    payment = order.payments.filter(applied=True).first()
    lines = list(order.lines.order_by("position"))
    if payment is None or not lines:
        return {}
    costs = unit_costs(order.public_id)
    fees = split_minor(fee_of_payment(payment), [max(line.paid_minor, 0) for line in lines])
    back, reserve_bp = _refunded(order), _reserve_bp(order)
    kept = {line.pk: line.paid_minor - back.get(line.pk, 0) for line in lines}
    return {
        line.public_id: LineMargin(
            line.public_id,
            Margin(
                kept[line.pk],
                sum(costs.get(line.public_id, {}).values()),
                fee,
                fee_of(kept[line.pk], reserve_bp),
            ),
            line.quantity - line.delivered - line.gone - line.failed,
        )
        for line, fee in zip(lines, fees, strict=True)
    }


def margin_in(channel: ChannelView, *, paid_minor: int, cost_minor: int | None) -> Margin:
    """What would be left of goods sold in a channel for `paid_minor` in all, before they are.

    With the dearest fee a buyer may choose and the channel's commission. Minor units.
    """
    return Margin(
        paid_minor,
        cost_minor,
        fee_of(paid_minor, dearest_fee_bp()),
        fee_of(paid_minor, channel.commission_reserve_bp),
    )


def fee_of_payment(payment: Payment) -> int:
    """The provider's agreed fee of a payment in minor units; 0 when none is agreed on."""
    provider = registry.PROVIDERS.find(payment.provider)
    return (provider.fee_minor(payment.amount_minor) or 0) if provider else 0


def dearest_fee_bp() -> int:
    """The highest fee of the providers a buyer may choose, in basis points of the payment."""
    million = 1_000_000
    fees = [provider.fee_minor(million) or 0 for provider in registry.offered()]
    return max(fees, default=0) * 10_000 // million


def _reserve_bp(order: Order) -> int:
    """The commission reserve of the order's channel; 0 for one that is no more."""
    channel = channel_by_code(order.channel_code)
    return channel.commission_reserve_bp if channel else 0


def _refunded(order: Order) -> dict[int, int]:
    rows = RefundLine.objects.filter(line__order=order, refund__state__in=LIVE_REFUND)
    return dict(rows.values_list("line_id").annotate(total=Sum("amount_minor")))
