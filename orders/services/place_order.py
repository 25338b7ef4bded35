"""Road, step 3: a form becomes an order, in one transaction, once.

Before: `quote.py`. Next: `start_payment.py`.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any

from django.conf import settings

from catalog.offers import ChannelView
from core import crypto, ids
from core.faults import guard_off
from core.tx import step
from fulfillment.services.hold import SoldOut, hold
from fulfillment.units import HoldLine
from orders.models import Order
from orders.models.private import (
    LONGEST_SECRET,
    Private,
    open_private,
    secret_hash,
    token_hash,
)
from orders.payments.registry import FREE
from orders.promotions.values import Group, Rule
from orders.queries.ladder import first_query_at
from orders.queries.placing import NewOrder, insert_bundles, insert_order
from orders.services.balance.pay_balance import hold_balance
from orders.services.coupons.find_coupons import BEST
from orders.services.coupons.hold_coupons import hold_coupons
from orders.services.expand_lines import Expanded, expand_lines, sold_as
from orders.services.find_rules import find_rules
from orders.services.flash.take_flash import take_flash
from orders.services.groups.take_seat import take_seat
from orders.services.limits import (
    LimitReached,
    PromotionUsedUp,
    limit_takes,
    refuse_old_buyers,
    take_limits,
)
from orders.services.points.pay_points import hold_points
from orders.services.quote import Buyer, Item, Quote, quote
from orders.services.start_payment import PageOf, line_subject, page_of
from risk.models import Assessment
from risk.services.assess import assess
from risk.services.record_refusal import record_refusal
from risk.values import masked as mask_value
from risk.values import normal, value_index

PROVIDER_MARGIN_SECONDS = 60
SHORTEST_TOKEN = 16

__all__ = [
    "Consent", "FormReused", "LimitReached", "NotBuyable", "Placed", "PriceChanged", "Refused",
    "SoldOut", "Wanted", "place_order",
]  # fmt: skip


class Consent(Exception):
    """The buyer has not agreed to the terms and to delivery at once."""


class NotBuyable(Exception):
    """Something in the quote stands in the way; `quote.problems` says what."""

    def __init__(self, quote: Quote) -> None:
        super().__init__([problem.key for problem in quote.problems])
        self.quote = quote


class PriceChanged(Exception):
    """The price now is not the price that was shown; `quote` is what it would cost."""

    def __init__(self, quote: Quote) -> None:
        super().__init__(quote.total_minor)
        self.quote = quote


class Refused(Exception):
    """Risk says no, or not now; the refusal is recorded. `assessment.message` is for the buyer."""

    def __init__(self, assessment: Assessment) -> None:
        super().__init__(assessment.reason)
        self.assessment = assessment


class FormReused(Exception):
    """This form made another order already; the page answers 422."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a checkout form asks for. Contact and inputs are private; `secret` may be empty.

    `shown` is the fingerprint of the quote the buyer saw; empty when a product page says instead
    which unit price (minor units) it showed.
    """

    channel: ChannelView
    items: Sequence[Item]
    contact_kind: str
    contact: str = field(repr=False)
    form_token: str
    provider: str
    language: str
    terms_version: str
    consent: bool
    ip: str
    secret: str = field(default="", repr=False)
    shown: str = ""
    shown_unit_minor: int | None = None
    user_id: int | None = None
    owner: str = ""
    level: int = 0
    attribution: str = ""
    device: str = ""
    # Coupon codes that were typed and the coupon that was chosen (`find_coupons`); rules that the
    # caller brings; whether the shop's own apply.
    codes: tuple[str, ...] = ()
    coupon: str = BEST
    rules: tuple[Rule, ...] = ()
    promotions: bool = True
    # The most that a signed-in buyer wants to pay from their balance, minor units.
    balance_minor: int = 0
    # With the rule of a group buy: the open group it joins; empty for a group of its own.
    group: str = ""
    # How long the goods are kept for it unpaid; None: as long as for any order.
    hold_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """The order that stands for the form, and what its pay page needs.

    `secret` is only set when we made it up.
    """

    order: str
    page: PageOf
    token: str = field(repr=False)
    secret: str = field(repr=False)
    replayed: bool = False


def place_order(*, wanted: Wanted, now: datetime, acting: str) -> Placed:
    """Place the order; the same form token answers with the same order, however often it comes.

    One transaction holds order, lines, payment, risk verdict, limits and the hold on stock. Money
    is minor units of the channel's currency. Raises Consent, NotBuyable, PriceChanged, Refused,
    LimitReached, SoldOut, FormReused, risk.values.NotAValue (contact); then nothing is left
    behind but the recorded refusal. Source: O1, D10, D18, R-IDM.
    """
    body_hash = _body_hash(wanted)
    if not wanted.consent:
        raise Consent
    if len(wanted.form_token) < SHORTEST_TOKEN:
        raise FormReused
    contact = normal(wanted.contact_kind, wanted.contact)
    priced = _as_agreed(wanted, now)
    if priced.problems or _changed(wanted, priced):
        # A second click must find its order even when the last unit went to the first one.
        if replay := _replay(wanted.form_token, body_hash):
            return replay
        raise NotBuyable(priced) if priced.problems else PriceChanged(priced)
    private = Private(contact, ids.new_token(), "" if wanted.secret else ids.new_secret())
    new = _new_order(wanted, priced, contact, private, body_hash, now)
    if not _insert(new, wanted, priced, acting, now):
        replay = _replay(wanted.form_token, body_hash)
        if replay is None:
            raise FormReused
        return replay
    return Placed(new.public_id, _page(new), private.token, private.secret)


def _insert(new: NewOrder, wanted: Wanted, priced: Quote, acting: str, now: datetime) -> bool:
    """Write it all or nothing; what was promised and ran out is told as the price without it."""
    try:
        with step():
            return _write(new, wanted, priced, acting, now)
    except Refused as refusal:
        record_refusal(assessment=refusal.assessment, now=now)
        raise
    except PromotionUsedUp as gone:
        raise PriceChanged(_priced(wanted, now)) from gone
    except SoldOut as gone:
        if priced.lacks_only_gifts(gone.sku_ids):
            raise PriceChanged(_priced(wanted, now, gifts=False)) from gone
        raise


def _write(new: NewOrder, wanted: Wanted, priced: Quote, acting: str, now: datetime) -> bool:
    """Lock order: the order itself, limits by key, coupons, then the codes (design.md rule 4)."""
    if not insert_order(new, by=acting, now=now):
        return False
    if new.bundles:
        insert_bundles(new)
    assessment = assess(point="order", subject=new.public_id, facts=_facts(new, wanted), now=now)
    if assessment.stops and not guard_off("orders.risk"):
        raise Refused(assessment)
    refuse_old_buyers(priced, user_id=new.user_id, contact_index=new.contact_index)
    take_limits(new.budgets)
    hold_coupons(coupons=priced.coupons, order=new.public_id, owner=new.owner, now=now, by=acting)
    take_flash(order=new.public_id, uses=new.uses, now=now)
    take_seat(new, group=wanted.group, now=now)
    hold(
        reference=new.public_id,
        lines=[HoldLine(line.public_id, line.sku_id, line.quantity) for line in new.lines],
        until=new.expires_at,
        channel=new.channel_code,
        now=now,
    )
    hold_points(new, now=now)
    hold_balance(new, now=now)
    return True


def _as_agreed(wanted: Wanted, now: datetime) -> Quote:
    """What it costs now; without its gifts when that is what the buyer was shown."""
    priced = _priced(wanted, now)
    if priced.gifts and _changed(wanted, priced):
        without = _priced(wanted, now, gifts=False)
        return priced if _changed(wanted, without) else without
    return priced


def _priced(wanted: Wanted, now: datetime, *, gifts: bool = True) -> Quote:
    """What it costs this person now, by the rules for them and those that the caller brings."""
    index = value_index(wanted.contact_kind, normal(wanted.contact_kind, wanted.contact))
    buyer = Buyer(wanted.owner, wanted.level, wanted.user_id, index)
    rules = list(wanted.rules)
    if wanted.promotions:
        rules += find_rules(
            channel=wanted.channel, buyer=buyer, codes=wanted.codes, coupon=wanted.coupon, now=now
        )
    if not gifts:
        rules = [rule for rule in rules if rule.group != Group.GIFT]
    return quote(items=wanted.items, channel=wanted.channel, buyer=buyer, now=now, rules=rules)


def _changed(wanted: Wanted, priced: Quote) -> bool:
    if wanted.shown:
        return wanted.shown != priced.fingerprint
    # The price of one is what a product page shows; many may cost less, never more.
    return any(
        wanted.shown_unit_minor not in {line.list_minor, line.unit_minor, line.offer.single_minor}
        for line in priced.lines
    )


def _body_hash(wanted: Wanted) -> bytes:
    """What the form asked for; consent, address and what was shown do not make another order."""
    items = [
        [item.sku_code, item.quantity, sorted(item.inputs.items()), *sorted(item.picks)]
        for item in wanted.items
    ]
    body: list[object] = [
        wanted.channel.code,
        items,
        wanted.contact_kind,
        wanted.contact,
        wanted.owner,
    ]
    body += [wanted.coupon, *(code.strip().upper() for code in wanted.codes)]
    body += [wanted.balance_minor] if wanted.balance_minor else []
    body += [wanted.group] if wanted.group else []
    text = json.dumps(body, ensure_ascii=False)
    # Keyed: inputs are phone numbers, which a bare hash would give away to anybody with a list.
    return crypto.blind_index("order.body", hashlib.sha256(text.encode()).hexdigest())


def _replay(form_token: str, body_hash: bytes) -> Placed | None:
    """The order this form made, or None. Raises FormReused when it had asked for something else."""
    order = Order.objects.filter(form_token=form_token).first()
    if order is None:
        return None
    if not crypto.same(bytes(order.body_hash), body_hash):
        raise FormReused
    private = open_private(order.public_id, order.private_sealed)
    page = page_of(order, order.payments.order_by("-id")[0])
    return Placed(order.public_id, page, private.token, private.secret, replayed=True)


def _page(new: NewOrder) -> PageOf:
    title, title_en, number = sold_as(new.lines, new.bundles)
    return PageOf(
        new.public_id, new.payment_number, new.provider, new.due_minor, new.currency,
        new.payment_expires_at,
        line_subject(new.language, title, title_en, number),
        new.language,
    )  # fmt: skip


def _facts(new: NewOrder, wanted: Wanted) -> dict[str, object]:
    return {
        "ip": wanted.ip,
        "contact": new.contact_index.hex(),
        "contact_masked": new.contact_masked,
        "user": new.owner,
        "units": new.units,
        "total_minor": new.total_minor,
        "currency": new.currency,
        "channel": new.channel_code,
        "lines": len(new.lines),
        "device": wanted.device,
    }


def _new_order(
    wanted: Wanted, priced: Quote, contact: str, private: Private, body_hash: bytes, now: datetime
) -> NewOrder:
    public_id = ids.new_id("ord")
    index = value_index(wanted.contact_kind, contact)
    expires_at = now + timedelta(seconds=wanted.hold_seconds or settings.ORDER_HOLD_SECONDS)
    expanded = expand_lines(priced)
    balance = min(wanted.balance_minor, priced.total_minor) if wanted.owner else 0
    return NewOrder(
        public_id=public_id,
        form_token=wanted.form_token,
        body_hash=body_hash,
        channel_id=wanted.channel.id,
        channel_code=wanted.channel.code,
        attribution=wanted.attribution[:120],
        user_id=wanted.user_id,
        owner=wanted.owner,
        contact_kind=wanted.contact_kind,
        contact_masked=mask_value(wanted.contact_kind, contact)[:120],
        contact_index=index,
        private_sealed=private.sealed(public_id),
        secret_hash=secret_hash(public_id, wanted.secret[:LONGEST_SECRET] or private.secret),
        token_hash=token_hash(private.token),
        language=wanted.language,
        currency=priced.currency,
        units=priced.units,
        list_minor=priced.list_total_minor,
        total_minor=priced.total_minor,
        explanation=priced.explanation(),
        terms_version=wanted.terms_version,
        budgets=_budgets(wanted, priced, expanded, index, now),
        expires_at=expires_at,
        payment=ids.new_id("pay"),
        payment_number=ids.new_number("P"),
        provider=wanted.provider if priced.total_minor > balance else FREE,
        payment_expires_at=_provider_expiry(expires_at, now),
        first_query_at=first_query_at(now=now),
        lines=expanded.lines,
        bundles=expanded.bundles,
        uses=priced.used,
        balance_minor=balance,
    )


def _budgets(
    wanted: Wanted, priced: Quote, expanded: Expanded, contact_index: bytes, now: datetime
) -> list[dict[str, Any]]:
    """Limits of the goods and budgets of the promotions, all in the order of their keys."""
    person = wanted.owner or contact_index.hex()[:32]
    takes = limit_takes(expanded.takes, person=person, now=now)
    return sorted([*takes, *map(dict, priced.takes)], key=itemgetter("key"))


def _provider_expiry(expires_at: datetime, now: datetime) -> datetime:
    """The provider stops taking money a minute before we let the stock go, when there is a minute."""
    early = expires_at - timedelta(seconds=PROVIDER_MARGIN_SECONDS)
    return early if early > now + timedelta(seconds=PROVIDER_MARGIN_SECONDS) else expires_at
