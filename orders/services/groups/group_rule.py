"""A group buy's price as a rule of the one pricing engine (M4)."""

import json
from collections.abc import Iterable
from datetime import datetime

from django.conf import settings

from core.crypto import sha256_hex
from orders.models import GroupBuy
from orders.promotions.rules.special_price import SpecialPrice
from orders.promotions.values import Budget, Group, Measure, Rule, Scope, Who
from orders.services.flash.flash_rule import CLUSTERS


def group_rule(
    buy: GroupBuy, *, identities: Iterable[str] = (), until: datetime | None = None
) -> Rule:
    """The group's price for a buyer known by these identities; minor units of the buy's currency.

    `until` is the deadline of a group that is joined: it outlives the campaign, as promised to those
    who sit in it. Under the floor a seat gets at most what two persons agreed to, divided by the
    seats of all groups: as these bound it, no counter has to.
    """
    approved = buy.subsidy_minor if buy.subsidy_sha == subsidy_sha(buy) else 0
    names = sorted({_cluster(identity) for identity in identities if identity})
    return Rule(
        id=buy.public_id, group=Group.PRICE, terms=SpecialPrice(buy.price_minor),
        scope=Scope(frozenset({f"sku:{buy.sku.code}"})), who=Who(frozenset(buy.channels)),
        starts_at=buy.starts_at, ends_at=until or buy.ends_at, priority=1,
        subsidy_minor=approved // (buy.most_groups * buy.size), title=buy.name,
        title_en=buy.name_en,
        budgets=tuple(
            Budget(f"promo:{buy.public_id}:by:{name}", buy.per_person, Measure.USES)
            for name in names
        ),
    )  # fmt: skip


def seconds_to_pay(deadline: datetime, now: datetime) -> int:
    """How long a seat is kept unpaid: as any order, and never beyond its group's deadline."""
    usual = int(settings.ORDER_HOLD_SECONDS)
    return max(1, min(usual, int((deadline - now).total_seconds())))


def subsidy_sha(buy: GroupBuy) -> str:
    """Of everything that decides what the subsidy is spent on: what two persons agreed to."""
    said = [
        buy.sku_id, buy.price_minor, buy.currency, buy.size, buy.most_groups, buy.subsidy_minor,
    ]  # fmt: skip
    return sha256_hex(json.dumps(said).encode())


def _cluster(identity: str) -> str:
    names = [name_of(identity) for name_of in CLUSTERS.all().values()]
    return names[0] if names else identity
