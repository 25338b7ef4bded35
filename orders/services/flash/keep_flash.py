"""Units of flash sales whose orders are paid, so that the board tells them from those that are not."""

from collections.abc import Sequence

from orders.models import FlashUnit
from orders.states import PAID_SIDE, FlashUnitState


def keep_flash(*, orders: Sequence[str]) -> int:
    """Mark the units of paid orders; returns how many. Telling it again changes nothing."""
    held = FlashUnit.objects.filter(order__public_id__in=orders, state=FlashUnitState.HELD)
    return held.filter(order__state__in=PAID_SIDE).update(state=FlashUnitState.PAID)
