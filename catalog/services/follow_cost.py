"""Prices that follow the cost: looked at in the transaction that changes the cost, and again later."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Q

from catalog import snapshot
from catalog.audit_tags import PRICE_FOLLOWED, SKU_HELD
from catalog.bundles.cost import cost_of
from catalog.models import BundlePart, OnBreach, Price, PriceFollow, PriceRule, Sku
from catalog.models.pricerule import NEARNESS, TROUBLE, FollowOutcome
from catalog.pricing import Followed, floor_of, follow_cost
from catalog.services.set_price import set_price
from core import audit
from core.each import each
from core.tx import part, step

BY = "system:cost-plus"
DAY = timedelta(days=1)
BATCH = 200


@part
def follow_changed_cost(*, sku_id: int, now: datetime, acting: str = BY) -> None:
    """The cost of a SKU changed: its own prices follow, and those of bundles it is inside."""
    if not PriceRule.objects.filter(is_active=True).exists():
        return
    bundles = BundlePart.objects.filter(sku_id=sku_id).order_by("group__bundle_id")
    around = dict.fromkeys(bundles.values_list("group__bundle_id", flat=True))
    for key in [sku_id, *around]:
        follow_sku(sku_id=key, now=now, acting=acting)


@part
def follow_sku(
    *, sku_id: int, now: datetime, acting: str = BY, accept_cost: bool = False
) -> list[str]:
    """Let the standing prices of a SKU follow its cost, by the nearest rule of each list.

    Returns a FollowOutcome for each price that has a rule. A price set by hand is left alone. With
    `accept_cost` a person has said that a jump of the cost is right. Every change is audited with
    before and after. Source: C6.
    """
    sku = Sku.objects.select_for_update(of=("self",)).select_related("product").get(pk=sku_id)
    rules = rules_for(sku)
    follows = [
        _follow(sku, rule, now=now, acting=acting, accept_cost=accept_cost) for rule in rules
    ]
    ended = PriceFollow.objects.filter(sku=sku).exclude(
        price_list__in=[r.price_list for r in rules]
    )
    ended.delete()
    hold = any(
        one.outcome in TROUBLE and rule.on_breach == OnBreach.PAUSE
        for one, rule in zip(follows, rules, strict=True)
    )
    _hold(sku, hold=hold, now=now, acting=acting)
    return [one.outcome for one in follows]


def rules_for(sku: Sku) -> list[PriceRule]:
    """The rule of each price list that is for this SKU: the nearest scope, then the first place."""
    product = sku.product
    mine = (
        Q(scope="sku", sku=sku)
        | Q(scope="product", product_id=product.pk)
        | Q(scope="category", category_id=product.category_id)
        | Q(scope="heat", heat_from__lte=product.popularity)
        | Q(scope="all")
    )
    rows = PriceRule.objects.filter(
        mine, is_active=True, price_list__currency=sku.currency
    ).select_related("price_list")
    order = {str(scope): place for place, scope in enumerate(NEARNESS)}
    found: dict[int, PriceRule] = {}
    for rule in sorted(rows, key=lambda one: (order[one.scope], one.position, one.pk)):
        found.setdefault(rule.price_list_id, rule)
    return [found[key] for key in sorted(found)]


def follow_due(*, now: datetime) -> int:
    """Look again at what is due: prices on their way, and rules that changed. One step for each SKU."""
    due = PriceFollow.objects.filter(due_at__lte=now).order_by("due_at", "id")
    keys: Sequence[int] = list(dict.fromkeys(due.values_list("sku_id", flat=True)[:BATCH]))
    return each(lambda key: _follow_in_step(key, now), keys, name="catalog.follow_cost")


@step()
def _follow_in_step(sku_id: int, now: datetime) -> bool:
    return bool(follow_sku(sku_id=sku_id, now=now))


def _follow(
    sku: Sku, rule: PriceRule, *, now: datetime, acting: str, accept_cost: bool
) -> PriceFollow:
    follow, _is_new = PriceFollow.objects.get_or_create(sku=sku, price_list=rule.price_list)
    row = Price.objects.filter(
        sku=sku, price_list=rule.price_list, min_quantity=1, starts_at=None
    ).first()
    cost = cost_of(sku)
    follow.rule, follow.looked_at, follow.due_at = rule, now, None
    if row is not None and row.is_locked:
        follow.outcome = FollowOutcome.LOCKED
    elif cost is None:
        follow.outcome = FollowOutcome.NO_COST
    else:
        current = row.amount_minor if row else None
        _start_day(follow, current, now)
        done = follow_cost(
            cost, rule.terms, current_minor=current, day_start_minor=follow.day_minor,
            floor_minor=floor_of(
                cost_minor=cost, advertised_minimum_minor=sku.advertised_minimum_minor
            ),
            cost_before_minor=None if accept_cost else follow.cost_minor,
        )  # fmt: skip
        _apply(sku, rule, follow, done, cost=cost, before=current, now=now, acting=acting)
    follow.save()
    return follow


def _start_day(follow: PriceFollow, current: int | None, now: datetime) -> None:
    if follow.day_at is None or follow.day_at + DAY <= now:
        follow.day_minor, follow.day_at = current, now


def _apply(
    sku: Sku, rule: PriceRule, follow: PriceFollow, done: Followed, *, cost: int,
    before: int | None, now: datetime, acting: str,
) -> None:  # fmt: skip
    """Write the price that was found, and say what happened; a breach leaves the price as it is."""
    told = {"cost_minor": follow.cost_minor, "amount_minor": before}
    if done.is_breach:
        is_news = (follow.outcome, follow.target_minor) != (done.outcome, done.target_minor)
        after = before
    else:
        is_news, after = done.amount_minor != before, done.amount_minor
        set_price(
            sku_id=sku.pk, price_list_id=rule.price_list_id, amount_minor=done.amount_minor,
            now=now, acting=acting, note=rule.name,
        )  # fmt: skip
        follow.cost_minor = cost
        if done.outcome == "stepped":
            follow.due_at = (follow.day_at or now) + DAY
    follow.outcome, follow.target_minor = done.outcome, done.target_minor
    if is_news:
        audit.record(
            tag=PRICE_FOLLOWED, by=acting, subject=f"sku:{sku.public_id}", now=now, before=told,
            after={
                "amount_minor": after, "cost_minor": cost, "target_minor": done.target_minor,
                "outcome": done.outcome, "rule": rule.name,
            },
        )  # fmt: skip


def _hold(sku: Sku, *, hold: bool, now: datetime, acting: str) -> None:
    if sku.price_hold == hold:
        return
    Sku.objects.filter(pk=sku.pk).update(price_hold=hold)
    audit.record(
        tag=SKU_HELD, by=acting, subject=f"sku:{sku.public_id}", now=now,
        before={"price_hold": sku.price_hold}, after={"price_hold": hold},
    )  # fmt: skip
    snapshot.changed()
