"""Mails and texts to buyers: a link to the order page, never a code.

What was bought is named only where the parts of a bundle went different ways.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import structlog
from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.timezone import localtime

from accounts.models import Message
from accounts.services.send_message import Value, compose_message, queue_messages
from core import audit
from core.money import format_minor
from core.tx import part, step
from orders.models import Order
from orders.models.order import ContactKind
from orders.models.private import open_private
from orders.queries.bundle_words import account_of
from orders.queries.bundles import bundles_around
from orders.queries.orders import lock_order, lock_orders
from orders.states import OrderState
from risk.values import NotAValue

# An order that came to nothing is told about by its refund.
LINK_TEMPLATE: dict[str, str] = {
    OrderState.DELIVERED: "delivered_link",
    OrderState.PARTIALLY_DELIVERED: "order_link",
}

log = structlog.get_logger(__name__)


@part
def tell_completed(*, orders: Sequence[str], now: datetime) -> int:
    """Send the link of each of these orders that is over; returns of how many, once for each.

    The buyer may have left the page: the link is how a guest finds the goods again.
    """
    rows = lock_orders(orders)
    done = [row for row in rows if row.link_sent_at is None and row.state in LINK_TEMPLATE]
    if not done:
        return 0
    Order.objects.filter(pk__in=[row.pk for row in done]).update(link_sent_at=now)
    composed = [_completed(row, now) for row in done]
    messages = [message for message in composed if message is not None]
    queue_messages(messages)
    return len(messages)


@part
def tell_refunded(
    *, order: str, refund: str, amount_minor: int, currency: str, now: datetime
) -> bool:
    """Say that money is on its way back; once for each refund, by the receipt of its event."""
    row = lock_order(order)
    if row is None:
        return False
    amount = format_minor(amount_minor, currency)
    told = {"refund": refund, "amount": amount, "account": _account(row, refund=refund)}
    return tell(row, "refund_done", now, told)


@part
def tell_waiting(*, order: str, until: datetime, now: datetime) -> bool:
    """Say that the goods ran out, until when we wait, and that the money comes back otherwise."""
    row = lock_order(order)
    if row is None:
        return False
    shown = localtime(until).strftime("%Y-%m-%d %H:%M")
    return tell(row, "waiting_stock", now, {"until": shown})


@part
def tell_ending(*, order: str, day: str, days: int, units: int, now: datetime) -> bool:
    """Remind a guest of what ends within `days`, the first on `day` (an ISO date)."""
    row = lock_order(order)
    if row is None or row.owner:
        return False
    return tell(row, "guest_ending", now, {"day": day, "days": str(days), "units": str(units)})


@step()
def resend_link(*, order: str, now: datetime, acting: str) -> bool:
    """Send the link again because an operator asks for it."""
    row = lock_order(order)
    if row is None:
        return False
    audit.record(tag="order:link_resent", by=acting, subject=order, now=now)
    return tell(row, "order_link", now, {})


def order_link(public_id: str, token: str) -> str:
    """The address that opens an order to whoever holds it."""
    return f"{settings.SITE_URL}{reverse('orders:order', args=[public_id])}?t={token}"


def _completed(order: Order, now: datetime) -> Message | None:
    account = _account(order) if order.state == OrderState.PARTIALLY_DELIVERED else ""
    if account:
        return _composed(order, "parts_delivered", now, {"account": account})
    return _composed(order, LINK_TEMPLATE[order.state], now, {})


def _account(order: Order, *, refund: str = "") -> str:
    """What became of the order's bundles, or of those a refund is for; empty without any."""
    if order.units == 1:
        return ""
    parts = order.lines.filter(bundle__isnull=False)
    if refund:
        parts = parts.filter(refund_lines__refund__public_id=refund)
    lines = set(parts.values_list("public_id", flat=True))
    if not lines:
        return ""
    with translation.override(order.language):
        return account_of(bundles_around(lines))


@part
def tell(order: Order, template: str, now: datetime, more: Mapping[str, Value]) -> bool:
    """Queue a message about a locked order with its link; False when its channel tells its buyers."""
    message = _composed(order, template, now, more)
    if message is None:
        return False
    queue_messages([message])
    return True


def _composed(
    order: Order, template: str, now: datetime, more: Mapping[str, Value]
) -> Message | None:
    if order.contact_kind not in ContactKind:
        # An outside channel tells its own buyers.
        return None
    private = open_private(order.public_id, order.private_sealed)
    try:
        return compose_message(
            kind="mail" if order.contact_kind == "mail" else "sms",
            to=private.contact,
            template=template,
            context={
                "order": order.public_id,
                "url": order_link(order.public_id, private.token),
                "secret": private.secret,
                **more,
            },
            language=order.language,
            now=now,
        )
    except NotAValue:
        log.error("contact_unusable", order=order.public_id)  # noqa: TRY400  an outcome, not a fault
        return None
