"""What promotions say beside a good and in the cart, before anything is bought."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from catalog.offers import ChannelView
from catalog.queries import product_page
from core import clock
from orders.promotions.engine import price_cart
from orders.promotions.hints import hints
from orders.promotions.values import Rule
from orders.queries.plans import plans_on_sale, terms_for
from orders.queries.promotion_goods import line_of
from orders.services.find_rules import Buyer, facts_for, find_rules
from orders.services.promote import engine_cart
from orders.services.quote import QuoteLine
from orders.views.group_cards import buys_of_goods
from orders.views.line import english
from orders.views.phase_words import phases_shown
from orders.views.promotion_words import hint_words, words_of

MOST_LINES = 5
MOST_HINTS = 2
MOST_PLANS = 2


@never_cache
@require_GET
def offers(request: HttpRequest, slug: str) -> HttpResponse:
    """A fragment of the product page: what runs for this product now; empty when nothing does."""
    channel: ChannelView = request.channel  # type: ignore[attr-defined]
    now = clock.now()
    page = product_page(slug, channel, now)
    user = request.user
    buyer = Buyer()
    if user.is_authenticated:
        buyer = Buyer(user.public_id, user.level, user_id=user.pk)
    rules = find_rules(channel=channel, buyer=buyer, codes=(), now=now) if page else []
    goods = [line_of(one, 1) for one in page.offers] if page else []
    shown = [
        {
            "words": words_of(rule.terms, channel.currency),
            "title": title_of(rule),
            "ends_at": rule.ends_at,
            "members": rule.who.signed_in or rule.who.minimum_level > 0,
            "first": rule.who.first_order,
        }
        for rule in sorted(rules, key=lambda rule: (rule.group, rule.priority, rule.id))
        if any(rule.scope.covers(line) for line in goods)
    ]
    skus = [one.sku_id for one in page.offers] if page else []
    context = {
        "offers": shown[:MOST_LINES],
        "plans": _plans(skus, user_id=buyer.user_id),
        "groups": buys_of_goods(skus, channel, now),
        "currency": channel.currency,
    }
    return render(request, "orders/_offers.html", context)


def _plans(skus: Sequence[int], *, user_id: int | None) -> list[dict[str, Any]]:
    """Subscriptions by which these goods are had too, with what they begin with."""
    found = [terms_for(plan, user_id=user_id) for plan in plans_on_sale(sku_ids=skus)[:MOST_PLANS]]
    return [
        {
            "url": reverse("orders:plan", args=[terms.plan.slug]),
            "title": (english() and terms.plan.name_en) or terms.plan.name,
            "first": phases_shown(terms.phases[:1], {})[0],
        }
        for terms in found
        if terms.phases
    ]


def hints_shown(
    lines: Sequence[QuoteLine],
    rules: Sequence[Rule],
    *,
    channel: ChannelView,
    buyer: Buyer,
    now: datetime,
) -> list[dict[str, Any]]:
    """What a little more in the cart would bring, in the reader's language."""
    bought = [line for line in lines if not line.is_gift]
    if not rules or not bought:
        return []
    facts = facts_for(channel=channel, buyer=buyer, rules=rules, now=now)
    cart = engine_cart(bought, rules=rules, facts=facts)
    by_id = {rule.id: rule for rule in rules}
    return [
        {"text": hint_words(hint, channel.currency), "title": title_of(by_id[hint.rule])}
        for hint in hints(cart, price_cart(cart))[:MOST_HINTS]
    ]


def title_of(rule: Rule) -> str:
    """The name its operator gave it, in the reader's language."""
    return (english() and rule.title_en) or rule.title
