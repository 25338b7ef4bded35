"""Part of road step 2: the rules that may apply to a cart, with what is left of their budgets."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.db.models import Q

from catalog.offers import ChannelView
from catalog.queries import offer as find_offer
from orders.models import Order
from orders.promotions.rules.gift_with import GiftWith
from orders.promotions.values import Budget, Facts, Group, Measure, Rule
from orders.queries.coupons import Usable
from orders.queries.promotions import LivePromotion, live, used
from orders.services.coupons.find_coupons import BEST, find_coupons
from orders.states import PAID_SIDE

MOST_CODES = 5


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who asks. `user` is a public id, empty for a guest; `level` a member level.

    `contact_index` is known once somebody orders; it tells a guest who has been here before.
    """

    user: str = ""
    level: int = 0
    user_id: int | None = None
    contact_index: bytes | None = field(default=None, repr=False)

    @property
    def identities(self) -> tuple[str, ...]:
        """Everything a person is known by: a limit per person holds for each of them."""
        contact = self.contact_index.hex()[:32] if self.contact_index else ""
        return tuple(name for name in (self.user, contact) if name)


def find_rules(
    *,
    channel: ChannelView,
    buyer: Buyer,
    codes: Sequence[str],
    now: datetime,
    coupon: str = BEST,
) -> list[Rule]:
    """Rules in force for a buyer in a channel: automatic ones, those of the codes named, and those
    of the buyer's coupons (`coupon` says which: the best, none, or one by its public id).

    A rule whose budget is used up is left out. What is left is a promise of nothing: placing the
    order takes it. Money is minor units of the channel's currency.
    """
    known, asked = live(), codes[:MOST_CODES]
    coupons = find_coupons(user=buyer.user, codes=asked, choice=coupon, now=now)
    mine = [known.by_id[name] for name in coupons if name in known.by_id]
    found = [one for one in (*_candidates(asked), *mine) if _may_apply(one, channel, now)]
    budgets = {one.id: budgets_of(one, buyer) for one in found}
    taken = used(budget.key for one in found for budget in budgets[one.id])
    rules = (_rule(one, budgets[one.id], taken, channel, now) for one in found)
    return [_with_coupon(rule, coupons.get(rule.id)) for rule in rules if rule is not None]


def rule_of(
    one: LivePromotion, *, channel: ChannelView, buyer: Buyer, now: datetime
) -> Rule | None:
    """One promotion as the engine's rule, whether it is switched on or not; None when used up."""
    budgets = budgets_of(one, buyer)
    return _rule(one, budgets, used(budget.key for budget in budgets), channel, now)


def facts_for(*, channel: ChannelView, buyer: Buyer, rules: Iterable[Rule], now: datetime) -> Facts:
    """What rules may ask about the buyer; whether they are new is only looked up when one asks.

    Somebody of whom nothing is known yet passes for new: the order decides.
    """
    asked = any(rule.who.first_order for rule in rules)
    return Facts(
        channel=channel.code, at=now, user=buyer.user, level=buyer.level,
        first_order=asked and not _has_paid(buyer),
    )  # fmt: skip


def budgets_of(one: LivePromotion, buyer: Buyer) -> tuple[Budget, ...]:
    """Everything that bounds a promotion for this buyer, by the keys under which it is counted."""
    budgets = []
    if one.most_uses is not None:
        budgets.append(Budget(f"promo:{one.id}:uses", one.most_uses, Measure.USES))
    if one.most_minor is not None:
        budgets.append(Budget(f"promo:{one.id}:money", one.most_minor, Measure.DISCOUNT))
    if one.subsidy_minor:
        budgets.append(Budget(f"promo:{one.id}:subsidy", one.subsidy_minor, Measure.SUBSIDY))
    # A first order is one order, even where two are placed at the same moment.
    each = 1 if one.who.first_order else one.most_per_person
    if each is not None:
        budgets += [
            Budget(f"promo:{one.id}:by:{name}", each, Measure.USES) for name in buyer.identities
        ]
    return tuple(budgets)


def _candidates(codes: Sequence[str]) -> list[LivePromotion]:
    known = live()
    asked = dict.fromkeys(code.strip().upper() for code in codes)
    return [*known.automatic, *(known.by_code[code] for code in asked if code in known.by_code)]


def _may_apply(one: LivePromotion, channel: ChannelView, now: datetime) -> bool:
    """Cheap tests first: most promotions of a shop are not for this cart."""
    if one.currency != channel.currency or (one.starts_at is not None and now < one.starts_at):
        return False
    if one.ends_at is not None and now >= one.ends_at:
        return False
    return not one.who.channels or channel.code in one.who.channels


def _rule(
    one: LivePromotion,
    budgets: tuple[Budget, ...],
    taken: dict[str, int],
    channel: ChannelView,
    now: datetime,
) -> Rule | None:
    left = {budget: budget.limit - taken.get(budget.key, 0) for budget in budgets}
    if any(rest < 1 for budget, rest in left.items() if budget.of == Measure.USES):
        return None
    money = [rest for budget, rest in left.items() if budget.of == Measure.DISCOUNT]
    subsidy = [rest for budget, rest in left.items() if budget.of == Measure.SUBSIDY]
    rule = Rule(
        id=one.id, group=one.group, terms=one.terms, scope=one.scope, who=one.who,
        starts_at=one.starts_at, ends_at=one.ends_at, priority=one.priority, alone=one.alone,
        left_minor=max(0, min(money)) if money else None, subsidy_minor=max(0, sum(subsidy)),
        title=one.title, title_en=one.title_en, budgets=budgets,
    )  # fmt: skip
    return _with_gift(rule, channel, now) if isinstance(one.terms, GiftWith) else rule


def _with_coupon(rule: Rule, coupon: Usable | None) -> Rule:
    """One coupon of one's own in an order, wherever its promotion would stand; gifts stay gifts."""
    if coupon is None:
        return rule
    ends = [end for end in (rule.ends_at, coupon.valid_until) if end is not None]
    group = Group.GIFT if rule.group == Group.GIFT else Group.COUPON
    return replace(rule, coupon=coupon.id, group=group, ends_at=min(ends, default=None))


def _with_gift(rule: Rule, channel: ChannelView, now: datetime) -> Rule | None:
    """What a gift costs is known here only; one that cannot be had, or asks for a number, is none."""
    terms = rule.terms
    assert isinstance(terms, GiftWith), "the caller has looked"
    offer = find_offer(terms.sku_code, channel, now)
    if offer is None or not offer.state_ok or offer.availability == "out":
        return None
    if offer.inputs or offer.bundle is not None:
        return None
    priced = replace(terms, list_minor=offer.unit_minor, floor_minor=offer.floor_minor)
    return replace(rule, terms=priced)


def _has_paid(buyer: Buyer) -> bool:
    same = Q(pk__in=[])
    if buyer.user_id is not None:
        same |= Q(user_id=buyer.user_id)
    if buyer.contact_index is not None:
        same |= Q(contact_index=buyer.contact_index)
    return Order.objects.filter(same, state__in=PAID_SIDE).exists()
