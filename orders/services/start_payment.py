"""Road, step 4: send the buyer to the provider. No transaction is open while an address is made.

Before: `place_order.py`. Next: `receive_notice.py`, or `query_payment.py` when none comes.
"""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.urls import reverse

from core import transitions
from core.ids import new_id, new_number
from core.tx import part, step
from orders.models import Order, OrderBundle, OrderLine, Payment
from orders.payments import registry
from orders.payments.base import PageRequest, Provider
from orders.queries.ladder import first_query_at
from orders.queries.orders import lock_order
from orders.services.confirm_payment import Receipt, confirm_payment
from orders.states import OrderState, PaymentState

MOST_PAYMENTS = 5


class NotPayable(Exception):
    """The order is paid, closed, or has been tried too often; its page says how it stands."""


@dataclass(frozen=True, slots=True)
class PageOf:
    """What the pay page needs of a payment that stands as sent."""

    order: str
    number: str
    provider: str
    amount_minor: int
    currency: str
    expires_at: datetime
    subject: str
    language: str


def start_payment(*, order: str, provider: str, now: datetime, acting: str) -> str:
    """Address to send the buyer's browser to, for an order that waits for its money.

    An open payment with that provider is used again, so that going back and forth makes no second
    one. Raises NotPayable, KeyError for an unknown provider.
    """
    chosen = registry.get(provider)
    with step():
        page = _open_payment(order, chosen, now=now, acting=acting)
    return pay_address(page, now=now)


def pay_address(page: PageOf, *, now: datetime) -> str:
    """Address of the provider's page; for `free`, the payment is confirmed on the way.

    Makes no call and opens no transaction of its own but that one.
    """
    provider = registry.get(page.provider)
    back = str(settings.SITE_URL) + reverse("orders:order", args=[page.order])
    if provider.instant:
        answer = provider.query(page.number, now=now)
        receipt = Receipt(
            page.provider, page.number, answer.amount_minor or 0, page.currency, answer.txn
        )
        confirm_payment(receipt=receipt, now=now, acting=f"provider:{page.provider}")
        return back
    return provider.page_url(
        PageRequest(
            number=page.number,
            amount_minor=page.amount_minor,
            currency=page.currency,
            subject=page.subject,
            notify_url=notice_address(page.provider),
            return_url=settings.SITE_URL
            + reverse("orders:return", args=[page.provider, page.order]),
            expires_at=page.expires_at,
            language=page.language,
        ),
        now=now,
    )


def notice_address(provider: str) -> str:
    """Where that provider tells us of payments and refunds."""
    return str(settings.SITE_URL) + reverse("orders:notice", args=[provider])


@part
def _open_payment(public_id: str, provider: Provider, *, now: datetime, acting: str) -> PageOf:
    order = lock_order(public_id)
    if order is None or order.state != OrderState.PENDING_PAYMENT or order.expires_at <= now:
        raise NotPayable(public_id)
    payments = list(order.payments.order_by("-id"))
    # Every payment of an order is of what its buyer's balance leaves to pay.
    if (provider.code == registry.FREE) != (payments[-1].amount_minor == 0):
        raise NotPayable(provider.code)
    usable = (PaymentState.CREATED, PaymentState.SUBMITTED)
    row = next((p for p in payments if p.provider == provider.code and p.state in usable), None)
    if row is None:
        if len(payments) >= MOST_PAYMENTS:
            raise NotPayable("too many tries")
        row = _new_payment(order, provider, like=payments[-1], now=now, acting=acting)
    if row.state == PaymentState.CREATED:
        transitions.move(
            Payment, row.pk, from_=[PaymentState.CREATED], to=PaymentState.SUBMITTED, now=now,
            by=acting, state_at=now,
        )  # fmt: skip
    return page_of(order, row)


def page_of(order: Order, payment: Payment) -> PageOf:
    """What the pay page of that payment needs."""
    return PageOf(
        order.public_id, payment.number, payment.provider, payment.amount_minor, payment.currency,
        payment.expires_at, subject_of(order), order.language,
    )  # fmt: skip


def _new_payment(
    order: Order, provider: Provider, *, like: Payment, now: datetime, acting: str
) -> Payment:
    row = Payment.objects.create(
        public_id=new_id("pay"),
        number=new_number("P"),
        order=order,
        provider=provider.code,
        amount_minor=like.amount_minor,
        currency=order.currency,
        state=PaymentState.CREATED,
        state_at=now,
        created_at=now,
        expires_at=like.expires_at,
        not_before=first_query_at(now=now),
    )
    transitions.begin(
        entity="payment", subject=row.public_id, state=PaymentState.CREATED, now=now, by=acting
    )
    return row


def subject_of(order: Order) -> str:
    """What the buyer reads at the provider: the first good, and that there are more."""
    rows = order.lines.order_by("position").select_related("bundle")
    # A bundle is one thing to its buyer, however many lines it has.
    things: dict[str, OrderLine | OrderBundle] = {}
    for line in rows:
        things.setdefault(line.bundle_id or line.public_id, line.bundle or line)
    first, number = next(iter(things.values())), sum(thing.quantity for thing in things.values())
    return line_subject(order.language, first.product_title, first.product_title_en, number)


def line_subject(language: str, title: str, title_en: str, units: int) -> str:
    """`京东E卡 ×2`: the first good in the buyer's language and the number of units."""
    name = title_en if language.startswith("en") and title_en else title
    return f"{name} ×{units}"[:128] if units > 1 else name[:128]
