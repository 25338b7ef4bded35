"""Somebody subscribes: the terms are copied in, and the buyer is sent to sign the mandate.

Nothing is charged here. Next: `query_mandate.py`, which plans the first period once it is signed.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.models import User
from catalog.offers import ChannelView
from core import transitions
from core.crypto import seal
from core.ids import new_number
from core.tx import part, step
from orders.models import Mandate, Subscription
from orders.payments import registry
from orders.payments.mandates import MandateRequest, Mandates
from orders.queries.plans import PlanTerms, live_of, plan_on_sale, terms_for
from orders.services.place_order import Consent, NotBuyable
from orders.services.quote import Buyer, Quote, quote
from orders.services.subscriptions.end_subscription import end_now
from orders.services.subscriptions.period_cart import PeriodGoods, period_cart
from orders.services.subscriptions.plan_period import today
from orders.services.subscriptions.upgrade_credit import Change, change_of
from orders.states import MandateState, SubscriptionState
from orders.subscriptions.schedule import span_of
from orders.subscriptions.terms import as_json, highest_minor, read_phases

SIGN_MINUTES = 30
FIRST_QUERY_SECONDS = 30


class NotOnSale(Exception):
    """There is no such plan for new subscribers."""


class TermsChanged(Exception):
    """The plan is not what the page showed."""


class AlreadySubscribed(Exception):
    """This person has the plan; `subscription` is its public id."""

    def __init__(self, subscription: str) -> None:
        super().__init__(subscription)
        self.subscription = subscription


class NoMandates(Exception):
    """The chosen provider cannot charge by mandate."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the plan's form asks for. `shown` names the terms that were on the page.

    `renewal_consent` is for the automatic charges alone, `consent` for delivery at once.
    """

    slug: str
    shown: str
    user: User
    channel: ChannelView
    form_token: str
    provider: str
    language: str
    terms_version: str
    consent: bool
    renewal_consent: bool
    inputs: Mapping[str, str] = field(default_factory=dict, repr=False)
    replaces: str = ""


@dataclass(frozen=True, slots=True)
class Started:
    """The subscription that stands for the form, and where it is signed ("" when that is over)."""

    subscription: str
    address: str


def start_subscription(*, wish: Wish, now: datetime, acting: str) -> Started:
    """Write down a subscription and its mandate; the same form answers with the same one.

    Money is minor units of the channel's currency. Raises Consent, NotOnSale, TermsChanged,
    NotBuyable, AlreadySubscribed, NoMandates, services.upgrade_credit.NotUpgradable, KeyError for
    an unknown provider. Source: O6, reliability.md 4.1 and 4.13.
    """
    if not (wish.consent and wish.renewal_consent):
        raise Consent
    plan = plan_on_sale(wish.slug)
    if plan is None:
        raise NotOnSale
    mandates = registry.get(wish.provider).mandates
    if mandates is None:
        raise NoMandates(wish.provider)
    terms = terms_for(plan, user_id=wish.user.pk, changing=bool(wish.replaces))
    if terms.sha != wish.shown:
        raise TermsChanged
    change = change_of(wish.replaces, user=wish.user, terms=terms, on=today(now))
    priced = preview(
        terms=terms, channel=wish.channel, user=wish.user, inputs=wish.inputs, now=now,
        credit_minor=change.credit.credit_minor if change else 0,
    )  # fmt: skip
    if priced.problems:
        raise NotBuyable(priced)
    with step():
        row = _write(wish, terms, change, now, acting)
    return Started(row.public_id, sign_address(row, mandates, now=now))


def preview(
    *,
    terms: PlanTerms,
    channel: ChannelView,
    user: User | None,
    inputs: Mapping[str, str],
    now: datetime,
    credit_minor: int = 0,
) -> Quote:
    """What the first period costs, by the same quote that its order is placed by."""
    first = span_of(terms.phases, number=1, anchor=today(now))
    assert first is not None, "a plan has a first period"
    plan = terms.plan
    goods = PeriodGoods(
        plan.public_id, plan.budget_minor, plan.name, plan.name_en, plan.sku.code,
        first.phase.price_minor, first.gift, credit_minor,
    )  # fmt: skip
    cart = period_cart(goods, inputs)
    buyer = Buyer(user.public_id if user else "", 0)
    return quote(items=cart.items, channel=channel, buyer=buyer, now=now, rules=cart.rules)


def sign_address(row: Subscription, mandates: Mandates, *, now: datetime) -> str:
    """The provider's page on which the mandate is signed; "" once it can no longer be."""
    mandate = row.mandate
    if mandate.state != MandateState.PENDING or mandate.ending or mandate.expires_at <= now:
        return ""
    back = reverse("orders:subscription_return", args=[row.public_id])
    english = row.language.startswith("en") and row.title_en
    return mandates.page_url(
        MandateRequest(
            number=mandate.number,
            limit_minor=mandate.limit_minor,
            currency=mandate.currency,
            subject=(row.title_en if english else row.title)[:128],
            notify_url=settings.SITE_URL
            + reverse("orders:mandate_notice", args=[mandate.provider]),
            return_url=f"{settings.SITE_URL}{back}",
            expires_at=mandate.expires_at,
            language=row.language,
        ),
        now=now,
    )


@part
def _write(
    wish: Wish, terms: PlanTerms, change: Change | None, now: datetime, acting: str
) -> Subscription:
    known = Subscription.objects.filter(form_token=wish.form_token, user=wish.user).first()
    if known is not None:
        return known
    _clear_the_way(wish, terms, now, acting)
    row = _subscription(wish, terms, change, now)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        # Another window was faster: by the same form, or with the same plan.
        same = Subscription.objects.filter(form_token=wish.form_token, user=wish.user).first()
        other = live_of(wish.user.pk, terms.plan)
        if same is None:
            raise AlreadySubscribed(other.public_id if other else "") from None
        return same
    transitions.begin(
        entity="subscription", subject=row.public_id, state=row.state, now=now, by=acting
    )
    _mandate(row, wish.provider, now, acting)
    return row


@part
def _clear_the_way(wish: Wish, terms: PlanTerms, now: datetime, acting: str) -> None:
    """One that was never signed makes room; any other stands."""
    other = live_of(wish.user.pk, terms.plan)
    if other is None:
        return
    unsigned = other.mandate.state != MandateState.SIGNED
    if other.state != SubscriptionState.PENDING or not unsigned:
        raise AlreadySubscribed(other.public_id)
    end_now(subscription=other, why="begun anew", now=now, by=acting)


def _subscription(
    wish: Wish, terms: PlanTerms, change: Change | None, now: datetime
) -> Subscription:
    plan = terms.plan
    row = Subscription(
        form_token=wish.form_token, plan=plan, user=wish.user, owner=wish.user.public_id,
        channel_code=wish.channel.code, language=wish.language, title=plan.name,
        title_en=plan.name_en, family=plan.family, sku_code=plan.sku.code,
        phases=as_json(terms.phases), currency=wish.channel.currency,
        terms_version=wish.terms_version, consent_at=now, state=SubscriptionState.PENDING,
        state_at=now, created_at=now,
    )  # fmt: skip
    if change is not None:
        row.replaces = change.old
        row.credit_minor, row.credit_days = change.credit.credit_minor, change.credit.unused
    if wish.inputs:
        text = json.dumps(dict(wish.inputs), ensure_ascii=False)
        row.inputs_sealed = seal(text, context=row.inputs_context)
    return row


@part
def _mandate(row: Subscription, provider: str, now: datetime, acting: str) -> None:
    mandate = Mandate.objects.create(
        number=new_number("M"), subscription=row, provider=provider,
        limit_minor=max(1, highest_minor(read_phases(row.phases))), currency=row.currency,
        state=MandateState.PENDING, state_at=now, created_at=now,
        expires_at=now + timedelta(minutes=SIGN_MINUTES),
        not_before=now + timedelta(seconds=FIRST_QUERY_SECONDS),
    )  # fmt: skip
    transitions.begin(
        entity="mandate", subject=mandate.public_id, state=mandate.state, now=now, by=acting
    )
