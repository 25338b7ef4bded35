"""One request, judged: lists, velocity, budget; what is kept; what one statement does."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from core import clock
from core.models import LimitCount
from risk.models import Assessment
from risk.services.assess import assess
from risk.services.give_back import give_back
from tests.factories.risk import make_entry, make_facts, new_order, set_rule

pytestmark = pytest.mark.django_db


def judge(**facts: Any) -> Assessment:
    return assess(point="order", subject=new_order(), facts=make_facts(**facts), now=clock.now())


def test_a_clean_order_is_one_statement() -> None:
    judge()  # warms the rule book and the clock
    with transaction.atomic():
        now = clock.now()
        with CaptureQueriesContext(connection) as queries:
            found = assess(point="order", subject=new_order(), facts=make_facts(), now=now)
    statements = [
        q["sql"] for q in queries if not (q["sql"] or "").startswith(("SAVEPOINT", "RELEASE"))
    ]
    assert len(statements) == 1
    assert found.verdict == "allow"
    assert Assessment.objects.get(public_id=found.public_id).reason == "clean"


def test_nothing_private_is_kept() -> None:
    found = judge(ip="198.51.100.77", note="free text 13800138000")
    row = Assessment.objects.get(public_id=found.public_id)
    text = str(row.facts)
    assert "198.51.100.77" not in text
    assert "13800138000" not in text
    assert row.facts["ip"] == "198.51.*.*"
    assert not LimitCount.objects.filter(key__contains="198.51").exists()


def test_block_list_refuses_until_it_expires() -> None:
    now = clock.now()
    make_entry("203.0.113.9", expires_at=now + timedelta(hours=1))
    assert judge().verdict == "refuse"
    later = now + timedelta(hours=2)
    found = assess(point="order", subject=new_order(), facts=make_facts(), now=later)
    assert found.verdict == "allow"


@pytest.mark.parametrize(
    ("kind", "value", "facts"),
    [
        ("network", "203.0.113.0/24", {}),
        ("network", "2001:db8::/32", {"ip": "2001:db8::1"}),
        ("phone", "138 0013 8000", {}),
        ("account", "usr_7K2M9QXD4TB8N5VC", {"user": "usr_7K2M9QXD4TB8N5VC"}),
        ("device", "device-1", {"device": "device-1"}),
    ],
)
def test_every_kind_of_entry_finds_its_request(
    kind: str, value: str, facts: dict[str, Any]
) -> None:
    make_entry(value, kind=kind)
    found = judge(**facts)
    assert (found.verdict, found.reason) == ("refuse", "blocked")
    assert found.rules[0]["details"]["kind"] == kind


def test_an_allowed_address_lifts_a_blocked_network_and_is_not_counted() -> None:
    make_entry("203.0.113.0/24", kind="network")
    make_entry("203.0.113.9", list_name="allow")
    set_rule("order.budget", orders_per_person=1)
    assert [judge().verdict for _ in range(3)] == ["allow"] * 3
    make_entry("13800138000", kind="phone")
    assert judge().verdict == "refuse"


def test_velocity_limits_and_the_next_window_is_free() -> None:
    set_rule("order.ip", limit=3, seconds=60)
    set_rule("order.budget", enabled=False)
    now = clock.now().replace(second=5)
    verdicts = [
        assess(point="order", subject=new_order(), facts=make_facts(), now=now).reason
        for _ in range(5)
    ]
    assert verdicts == ["clean"] * 3 + ["too_often"] * 2
    after = assess(
        point="order", subject=new_order(), facts=make_facts(), now=now + timedelta(seconds=60)
    )
    assert after.verdict == "allow"


def test_ipv6_is_counted_by_its_network() -> None:
    set_rule("order.ip", limit=1, seconds=600)
    assert judge(ip="2001:db8:1:2::a").verdict == "allow"
    assert judge(ip="2001:db8:1:2::b").verdict == "limit"
    assert judge(ip="2001:db8:1:3::b").verdict == "allow"


def test_dry_run_speaks_and_stops_nobody() -> None:
    set_rule("order.ip", limit=1, seconds=600, dry_run=True)
    set_rule("order.budget", dry_run=True, orders_per_person=1)
    found = [judge() for _ in range(3)][-1]
    assert found.verdict == "allow"
    assert {rule["rule"] for rule in found.rules} == {"order.ip", "order.budget"}
    assert all(rule["dry_run"] for rule in found.rules)


def test_budget_is_taken_and_given_back_once() -> None:
    set_rule("order.budget", orders_per_person=2)
    now = clock.now()
    orders = [new_order() for _ in range(3)]
    verdicts = [
        assess(point="order", subject=order, facts=make_facts(), now=now).reason for order in orders
    ]
    assert verdicts == ["clean", "clean", "too_many_open"]
    with transaction.atomic():
        assert give_back(subject=orders[0], now=now)
        assert not give_back(subject=orders[0], now=now)
        assert not give_back(subject=orders[2], now=now), "a stopped order keeps nothing"
    assert [judge().reason for _ in range(2)] == ["clean", "too_many_open"]


def test_units_have_a_budget_too() -> None:
    set_rule("order.budget", units_per_person=10)
    assert judge(units=8).verdict == "allow"
    refused = judge(units=3)
    assert refused.rules[0]["details"] == {"budget": "units_per_person", "limit": 10, "asked": 3}
    assert judge(units=2).verdict == "allow"
    assert judge(units=11, contact="ab" * 32).verdict == "limit"


def test_assessments_cannot_be_changed() -> None:
    found = judge()
    with pytest.raises(Exception, match=r"permission denied|Cannot"):  # noqa: SIM117
        with transaction.atomic():
            Assessment.objects.filter(public_id=found.public_id).update(verdict="refuse")


def test_message_is_for_people() -> None:
    make_entry("203.0.113.9")
    assert "contact the shop" in judge().message or "联系" in judge().message
