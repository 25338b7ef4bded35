"""The wide statement and the plain functions of core decide alike, over drawn requests."""

import random
from datetime import datetime, timedelta
from typing import Any

import pytest

from core import clock, limits
from risk import facts as facts_of
from risk.judging import Judgement, asked_of, judge
from risk.queries import listed_now
from risk.rulebook import rulebook
from risk.services.assess import assess
from tests.factories.risk import make_entry, new_order, set_rule

pytestmark = pytest.mark.django_db

IPS = ["203.0.113.1", "203.0.113.2", "198.51.100.1"]
CONTACTS = ["13800138000", "13800138001"]


def plain(told: dict[str, Any], now: datetime) -> Judgement:
    """The same decision by `core.limits` and the ORM, under other keys."""
    book = rulebook()
    standing = book.points["order"]
    used = {}
    listed = listed_now(facts_of.wanted(told, book), now)
    trusted = any(entry.list == "allow" for entry in listed)
    asked = asked_of(standing, facts_of.countable(told))
    for one in asked:
        counter = one.counter
        limit = 2**31 - 1 if trusted else counter.limit
        if counter.seconds:
            ok = limits.hit(f"plain:{counter.key}", limit=limit, seconds=counter.seconds, now=now)
        else:
            ok = limits.take(f"plain:{counter.key}", units=counter.amount, limit=limit)
        if ok:
            used[counter.key] = counter.limit
    verdict = judge(standing=standing, asked=asked, listed=listed, used=used)
    if verdict.verdict in {"limit", "refuse"}:
        for one in asked:
            if not one.counter.seconds and one.counter.key in used:
                limits.give_back(f"plain:{one.counter.key}", units=one.counter.amount)
    return verdict


@pytest.mark.parametrize("seed", range(4))
def test_wide_equals_plain(seed: int) -> None:
    draw = random.Random(seed)
    set_rule("order.ip", limit=6, seconds=60)
    set_rule("order.person", limit=8, seconds=120)
    set_rule("order.budget", orders_per_person=4, orders_per_ip=7, units_per_person=12)
    make_entry("198.51.100.1", kind="ip", list_name=draw.choice(["allow", "block"]))
    now = clock.now()
    for _ in range(60):
        told = {
            "ip": draw.choice(IPS),
            "units": draw.randint(1, 4),
            "contact": facts_of.contact_fact("phone", draw.choice(CONTACTS)),
        }
        now += timedelta(seconds=draw.choice([0, 1, 20]))
        wide = assess(point="order", subject=new_order(), facts=told, now=now)
        expected = plain(told, now)
        assert (wide.verdict, wide.reason, wide.rules) == (
            expected.verdict,
            expected.reason if expected.rules else "clean",
            expected.rules,
        )
