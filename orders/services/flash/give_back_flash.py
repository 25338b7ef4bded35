"""A unit of a flash sale whose order came to nothing is offered again, with its stock."""

import contextlib

from core.tx import part
from fulfillment.services.hold import HoldLine, SoldOut, hold
from fulfillment.services.set_apart import keep_one
from orders.models import FlashSale, FlashUnit, Order
from orders.states import FlashState, FlashUnitState, OrderState


@part
def give_back_flash(order: Order) -> None:
    """Called where limits are given back, before the order's own stock is released.

    An order that closes unpaid gives its unit back to a sale that still runs. One that was
    refunded does not: what was delivered cannot be offered again.
    """
    unit = FlashUnit.objects.filter(
        order=order, state__in=[FlashUnitState.HELD, FlashUnitState.PAID]
    ).first()
    if unit is None:
        return
    if order.state == OrderState.REFUNDED:
        FlashUnit.objects.filter(pk=unit.pk).update(state=FlashUnitState.RETURNED)
        return
    # Nobody ends the sale meanwhile: its stock would be kept for nothing.
    sale = FlashSale.objects.raw(
        "select * from orders_flashsale where id = %s for share", [unit.sale_id]
    )[0]
    FlashUnit.objects.filter(pk=unit.pk).update(state=FlashUnitState.FREE, order=None)
    if sale.state in {FlashState.SCHEDULED, FlashState.LIVE}:
        _keep_stock(sale, order)


def _keep_stock(sale: FlashSale, order: Order) -> None:
    kept = keep_one(
        reference=sale.public_id, giver=order.public_id, sku_id=sale.sku_id, until=sale.ends_at
    )
    if kept:
        return
    # Its time was over and somebody freed it: another one, if there is any.
    with contextlib.suppress(SoldOut):
        hold(
            reference=sale.public_id, lines=[HoldLine("flash", sale.sku_id, 1)],
            until=sale.ends_at, channel="", now=order.created_at,
        )  # fmt: skip
