"""Promotions that are switched on, as plain values in this process; loaded when they change."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from core.cache import Versioned, bump
from core.crypto import sha256_hex
from orders.models import Promotion
from orders.models.promotion import Trigger
from orders.promotions.rules.base import BadTerms, Terms
from orders.promotions.rules.registry import read_terms
from orders.promotions.values import Group, Scope, Who
from orders.states import PromotionState

NAME = "promotions"


@dataclass(frozen=True, slots=True)
class LivePromotion:
    """A promotion as it is stored; money in minor units of `currency`."""

    id: str
    title: str
    title_en: str
    group: Group
    terms: Terms
    scope: Scope
    who: Who
    starts_at: datetime | None
    ends_at: datetime | None
    priority: int
    alone: bool
    most_uses: int | None
    most_per_person: int | None
    most_minor: int | None
    subsidy_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Live:
    """By how they apply: those that need nothing, and those that need a code."""

    automatic: tuple[LivePromotion, ...]
    by_code: dict[str, LivePromotion]
    by_id: dict[str, LivePromotion]


def live() -> Live:
    """What is switched on, whatever its dates; at most a second old, no statement when warm."""
    return _held.get()


def changed() -> None:
    """Make every process load again; call it in the transaction of the change."""
    bump(NAME)


def forget() -> None:
    """Drop what this process holds: between tests, where versions repeat."""
    _held.forget()


def used(keys: Iterable[str]) -> dict[str, int]:
    """How much of each counted budget is taken; those that nobody has taken of are missing."""
    wanted = sorted(set(keys))
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "select key, used from core_limitcount where key = any(%s) and expires_at is null",
            [wanted],
        )
        return dict(cursor.fetchall())


def _load() -> Live:
    automatic: list[LivePromotion] = []
    by_code: dict[str, LivePromotion] = {}
    by_id: dict[str, LivePromotion] = {}
    for row in Promotion.objects.filter(state=PromotionState.LIVE).order_by("id"):
        try:
            found = live_promotion(row)
        except BadTerms:
            # Terms of a kind that this version does not know promise nothing.
            continue
        by_id[found.id] = found
        if row.trigger == Trigger.CODE:
            by_code[row.code.upper()] = found
        elif row.trigger == Trigger.AUTOMATIC:
            automatic.append(found)
    return Live(tuple(automatic), by_code, by_id)


def live_promotion(row: Promotion) -> LivePromotion:
    """A stored promotion as the engine's terms. Raises BadTerms."""
    return LivePromotion(
        id=row.public_id,
        title=row.name,
        title_en=row.name_en,
        group=Group(row.stack),
        terms=read_terms(row.kind, row.params),
        scope=Scope(frozenset(row.goods), frozenset(row.goods_left_out)),
        who=Who(frozenset(row.channels), row.minimum_level, row.members_only, row.first_order),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        priority=row.priority,
        alone=row.alone,
        most_uses=row.most_uses,
        most_per_person=row.most_per_person,
        most_minor=row.most_minor,
        subsidy_minor=row.subsidy_minor if row.subsidy_sha == terms_sha(row) else 0,
        currency=row.currency,
    )


def terms_sha(row: Promotion) -> str:
    """Of everything that decides what a subsidy is spent on: what two persons agreed to."""
    said = [row.kind, row.params, row.stack, row.goods, row.goods_left_out, row.subsidy_minor]
    said += [row.trigger, row.most_uses, row.most_per_person, row.most_minor, row.currency]
    return sha256_hex(json.dumps(said, sort_keys=True, ensure_ascii=False).encode())


_held = Versioned(NAME, _load)
