"""A period is due: one try at charging it, as an ordinary order on the same road.

Before: `announce_period.py`. Next: `settle_charge.py`. The try is written down, then the order is
placed under a token that follows from it, then the provider is asked for the money by the order's
own payment number: whatever dies in between is taken up again at the place where it stopped.
"""

from datetime import datetime, timedelta

import structlog
from django.db.models import F
from django.utils import translation

from accounts.queries import verified_contacts
from catalog.queries import channel_by_code
from core import transitions
from core.faults import crashpoint, guard_off
from core.tx import part, step
from orders.models import Order, Payment, SubscriptionCharge, SubscriptionPeriod
from orders.payments import registry
from orders.payments.mandates import ChargeRequest
from orders.payments.standing import Standing
from orders.queries.subscriptions import inputs_of, lock_period
from orders.services.close_order import cancel_order
from orders.services.place_order import (
    FormReused,
    LimitReached,
    NotBuyable,
    PriceChanged,
    Refused,
    SoldOut,
    Wanted,
    place_order,
)
from orders.services.query_payment import query_payment
from orders.services.quote import Buyer, quote
from orders.services.start_payment import notice_address, page_of, pay_address
from orders.services.subscriptions.period_cart import PeriodGoods, period_cart
from orders.services.subscriptions.plan_period import NOTICE_DAYS, drop_periods
from orders.services.subscriptions.settle_charge import settle_charge
from orders.states import CHARGEABLE, OPEN_PAYMENT, OrderState, PeriodState
from risk.values import NotAValue

log = structlog.get_logger(__name__)

LOOK_SECONDS = 60
BY = "subscription"


class _NotNow(Exception):
    """There is no order to be had for this period today; the text says why."""


def charge_period(*, pk: int, now: datetime) -> bool:
    """Begin a try at charging a period that is due; False when it may not or need not be.

    However many ask at once, one try is under way at a time, and a period that is paid for is never
    asked for again. Source: INV-SB1, INV-SB2, D11.
    """
    with step():
        charge = _begin(pk, now)
    if charge is None:
        return False
    crashpoint("CP-RENEW")
    return push_charge(pk=charge, now=now)


@part
def _begin(pk: int, now: datetime) -> int | None:
    period = lock_period(pk)
    subscription = period.subscription
    unguarded = guard_off("subscriptions.once")
    if subscription.state not in CHARGEABLE and not unguarded:
        drop_periods(subscription=subscription, now=now, by=BY, why="not running")
        return None
    if not _may_begin(period, now) and not unguarded:
        return None
    if period.charges.filter(order__payments__applied=True).exists() and not unguarded:
        # A try that had failed brought its money after all; the next look settles it.
        return None
    attempt = period.attempts + 1
    from_ = [PeriodState.NOTICED, PeriodState.FAILED]
    moved = transitions.move(
        SubscriptionPeriod, period.pk,
        from_=from_ if period.is_renewal else [PeriodState.PLANNED, *from_],
        to=PeriodState.CHARGING, now=now, by=BY, state_at=now, lease_until=None, tries=0,
        not_before=now + timedelta(seconds=LOOK_SECONDS), attempts=attempt,
        first_tried_at=period.first_tried_at or now,
    )  # fmt: skip
    if not moved and not unguarded:
        return None
    if not moved:
        SubscriptionPeriod.objects.filter(pk=period.pk).update(attempts=F("attempts") + 1)
    row = SubscriptionCharge.objects.create(period=period, attempt=attempt, created_at=now)
    return int(row.pk)


def _may_begin(period: SubscriptionPeriod, now: datetime) -> bool:
    """A renewal was announced five days ago or more, for no less than is charged."""
    if period.not_before is not None and period.not_before > now:
        return False
    if not period.is_renewal:
        return period.state == PeriodState.PLANNED
    if guard_off("subscriptions.notice"):
        return True
    told = period.notices.filter(
        sent_at__lte=now - timedelta(days=NOTICE_DAYS), amount_minor__gte=period.price_minor
    )
    return told.exists()


def push_charge(*, pk: int, now: datetime) -> bool:
    """Bring a try to its end or as far as it goes now; safe to repeat and to run twice at once.

    Returns whether it is decided. Unknown is not failed: the payment stays open and is asked about.
    """
    charge = SubscriptionCharge.objects.select_related(
        "order", "period__subscription__plan", "period__subscription__mandate",
        "period__subscription__user",
    ).get(pk=pk)  # fmt: skip
    why = ""
    if charge.order is None:
        try:
            charge.order = _order(charge, now)
        except _NotNow as reason:
            return settle_charge(pk=pk, now=now, why=str(reason))
        with step():
            SubscriptionCharge.objects.filter(pk=pk, order=None).update(order=charge.order)
    if charge.order.state == OrderState.PENDING_PAYMENT:
        why = _ask_for_money(charge, charge.order, now)
        _give_up_in_time(charge.order, now)
    return settle_charge(pk=pk, now=now, why=why)


def _order(charge: SubscriptionCharge, now: datetime) -> Order:
    """The order of this try, placed once. Raises _NotNow."""
    with translation.override(charge.period.subscription.language):
        wanted = _wanted(charge, now)
        try:
            placed = place_order(wanted=wanted, now=now, acting=BY)
        except NotBuyable as no:
            raise _NotNow(no.quote.problems[0].key) from no
        except (PriceChanged, LimitReached, SoldOut, Refused, FormReused, NotAValue) as no:
            raise _NotNow(type(no).__name__) from no
    return Order.objects.get(public_id=placed.order)


def _wanted(charge: SubscriptionCharge, now: datetime) -> Wanted:
    """The form as the buyer filled it in when they subscribed, at the price they agreed to."""
    period = charge.period
    subscription = period.subscription
    channel = channel_by_code(subscription.channel_code)
    contacts = verified_contacts(subscription.user)
    if channel is None or not contacts:
        raise _NotNow("no_channel" if channel is None else "no_contact")
    goods = goods_of(period)
    cart = period_cart(goods, inputs_of(subscription))
    buyer = Buyer(subscription.owner, 0, subscription.user_id)
    priced = quote(items=cart.items, channel=channel, buyer=buyer, now=now, rules=cart.rules)
    token = f"renew-{period.public_id}-{charge.attempt}"
    done = Order.objects.filter(form_token=token).exists()
    if priced.total_minor > goods.most_minor and not done:
        # Never more than was agreed: the budget that pays the difference is used up.
        log.error("plan_budget_used_up", plan=goods.plan, period=period.public_id)
        raise _NotNow("budget")
    return Wanted(
        channel=channel,
        items=cart.items,
        contact_kind=contacts[0].kind,
        contact=contacts[0].value,
        form_token=token,
        provider=subscription.mandate.provider,
        language=subscription.language,
        terms_version=subscription.terms_version,
        consent=True,
        # Nobody sits at a screen: the buyer agreed when they subscribed.
        ip="",
        shown=priced.fingerprint,
        user_id=subscription.user_id,
        owner=subscription.owner,
        attribution=f"subscription:{subscription.public_id}",
        rules=cart.rules,
        promotions=False,
    )


def goods_of(period: SubscriptionPeriod) -> PeriodGoods:
    """What a period is made of, by the terms that were agreed."""
    subscription = period.subscription
    return PeriodGoods(
        plan=subscription.plan.public_id,
        budget_minor=subscription.plan.budget_minor,
        title=subscription.title,
        title_en=subscription.title_en,
        sku_code=subscription.sku_code,
        price_minor=period.price_minor,
        gift=(period.gift, period.gift_units) if period.gift else None,
        credit_minor=0 if period.is_renewal else subscription.credit_minor,
    )


def _give_up_in_time(order: Order, now: datetime) -> None:
    """Canceled, an order never honours late money: it would be taken for this try and for the next."""
    if now >= order.expires_at - (order.expires_at - order.created_at) / 3:
        cancel_order(order=order.public_id, now=now, acting=BY)


def _ask_for_money(charge: SubscriptionCharge, order: Order, now: datetime) -> str:
    """Charge the order's payment; why it definitely failed, else "". No transaction is open."""
    payment = Payment.objects.filter(order=order, state__in=OPEN_PAYMENT).order_by("id").first()
    if payment is None:
        # Closed at the provider: the order has no money to wait for.
        cancel_order(order=order.public_id, now=now, acting=BY)
        return ""
    if payment.provider == registry.FREE:
        pay_address(page_of(order, payment), now=now)
        return ""
    mandate = charge.period.subscription.mandate
    mandates = registry.get(payment.provider).mandates
    assert mandates is not None, "the mandate is of this provider"
    page = page_of(order, payment)
    answer = mandates.charge(
        ChargeRequest(
            payment.number, mandate.number, payment.amount_minor, payment.currency, page.subject,
            notice_address(payment.provider),
        ),
        now=now,
    )  # fmt: skip
    crashpoint("CP-CHARGED")
    if answer.standing == Standing.CLOSED:
        # Its number is used up. Money that came all the same would go back: the order is canceled.
        cancel_order(order=order.public_id, now=now, acting=BY)
    # Whatever was said is asked again and taken in by the one step that believes in money.
    query_payment(now=now, payment=payment.public_id)
    return answer.failure.value if answer.standing == Standing.CLOSED else ""
