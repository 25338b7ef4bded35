"""Cost-plus prices: they follow in the transaction of the cost, inside guard rails, and say so."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from catalog.models import Price, PriceFollow, PriceRule, Sku
from catalog.queries import offer
from catalog.services.follow_cost import follow_due, follow_sku
from catalog.services.save_pricing import remove_pricing, save_rule
from catalog.services.set_cost import set_cost
from catalog.services.set_price import set_price
from core import invariants
from core.models import AuditEntry
from core.tx import step
from tests.factories import catalog as make

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
BY = "user:usr_X"


def rule(now: datetime, **values: Any) -> PriceRule:
    """Ten percent on top for everything in the base list, unless told otherwise."""
    defaults = {
        "name": "ten", "price_list": make.base().price_list, "scope": "all", "markup_bp": 1000,
    }  # fmt: skip
    made = PriceRule(**{**defaults, **values})
    save_rule(rule=made, changed={}, now=now, acting=BY)
    make.fresh()
    return made


def cost(sku: Sku, minor: int, now: datetime) -> int:
    """Set the cost; returns the standing price after it."""
    set_cost(sku_id=sku.pk, cost_minor=minor, now=now)
    make.fresh()
    return price_of(sku)


def price_of(sku: Sku) -> int:
    return Price.objects.get(sku=sku, min_quantity=1, starts_at=None).amount_minor


def follow_of(sku: Sku) -> PriceFollow:
    return PriceFollow.objects.get(sku=sku)


def test_the_price_follows_in_the_same_transaction_and_is_audited(now: datetime) -> None:
    sku = make.make_sku(price_minor=9900, cost_minor=9000)
    rule(now)
    assert cost(sku, 9500, now) == 10_450
    assert offer(sku.code, make.channel(), now).unit_minor == 10_450  # type: ignore[union-attr]
    entry = AuditEntry.objects.get(tag="price:followed", subject=f"sku:{sku.public_id}")
    assert entry.before is not None
    assert entry.after is not None
    assert (entry.before["amount_minor"], entry.after["amount_minor"]) == (9900, 10_450)
    assert (entry.after["cost_minor"], entry.after["rule"]) == (9500, "ten")
    assert not invariants.check_all(now=now, only="INV-K")


def test_a_rule_reaches_prices_by_the_sweep(now: datetime) -> None:
    sku = make.make_sku(price_minor=9900, cost_minor=8000)
    rule(now)
    assert price_of(sku) == 9900
    assert follow_due(now=now) == 1
    assert price_of(sku) == 8800
    assert follow_due(now=now) == 0


def test_a_price_set_by_hand_is_never_touched(now: datetime) -> None:
    sku = make.make_sku(price_minor=9900, cost_minor=8000)
    Price.objects.filter(sku=sku).update(is_locked=True)
    rule(now)
    assert cost(sku, 9000, now) == 9900
    follow_due(now=now + DAY)
    assert price_of(sku) == 9900
    assert follow_of(sku).outcome == "locked"
    assert not AuditEntry.objects.filter(tag="price:followed").exists()


def test_the_nearest_rule_wins(now: datetime) -> None:
    sku = make.make_sku(price_minor=9900, cost_minor=8000)
    rule(now, name="all")
    rule(now, name="category", scope="category", category=sku.product.category, markup_bp=2000)
    assert cost(sku, 1000, now) == 1200
    rule(now, name="sku", scope="sku", sku=sku, markup_bp=4000)
    assert cost(sku, 2000, now) == 2800
    rule(now, name="product", scope="product", product=sku.product, markup_bp=3000)
    assert cost(sku, 1000, now) == 1400


def test_what_sells_well_has_its_own_rule(now: datetime) -> None:
    hot, cold = make.make_sku(), make.make_sku()
    type(hot.product).objects.filter(pk=hot.product_id).update(popularity=80)
    rule(now, scope="heat", heat_from=50, markup_bp=100)
    assert cost(hot, 1000, now) == 1010
    assert cost(cold, 1000, now) == 9850


def test_a_step_a_day_and_the_rest_by_the_sweep(now: datetime) -> None:
    sku = make.make_sku(price_minor=9900, cost_minor=9000)
    rule(now, step_bp=500)
    assert cost(sku, 10_000, now) == 10_395
    assert cost(sku, 10_001, now + timedelta(hours=3)) == 10_395
    assert (follow_of(sku).outcome, follow_of(sku).due_at) == ("stepped", now + DAY)
    assert follow_due(now=now + DAY - timedelta(seconds=1)) == 0
    follow_due(now=now + DAY)
    assert price_of(sku) == 10_914
    follow_due(now=now + 2 * DAY)
    assert (price_of(sku), follow_of(sku).outcome, follow_of(sku).due_at) == (11_001, "set", None)


@pytest.mark.parametrize(("what", "stopped"), [("pause", True), ("alert", False)])
def test_a_cost_that_jumps_leaves_the_price_and_stops_the_sale_if_the_rule_says_so(
    now: datetime,
    what: str,
    stopped: bool,
) -> None:
    sku = make.make_sku(price_minor=20_000, cost_minor=9000)
    rule(now, cost_jump_bp=1000, on_breach=what)
    follow_due(now=now)
    assert cost(sku, 10_000, now) == 9900
    sku.refresh_from_db()
    assert (follow_of(sku).outcome, sku.price_hold) == ("cost_jump", stopped)
    set_price(
        sku_id=sku.pk, price_list_id=make.base().price_list_id, amount_minor=15_000, now=now,
        acting="system",
    )  # fmt: skip
    make.fresh()
    found = offer(sku.code, make.channel(), now)
    assert found is not None
    assert found.state_ok is not stopped
    with step():
        follow_sku(sku_id=sku.pk, now=now, acting=BY, accept_cost=True)
    sku.refresh_from_db()
    assert (price_of(sku), sku.price_hold) == (11_000, False)
    if stopped:
        held = AuditEntry.objects.filter(tag="sku:held", subject=f"sku:{sku.public_id}")
        assert [entry.after for entry in held.order_by("id")] == [
            {"price_hold": True}, {"price_hold": False},
        ]  # fmt: skip


def test_a_breach_is_said_once(now: datetime) -> None:
    sku = make.make_sku(price_minor=9900, cost_minor=9000)
    rule(now, most_minor=9950)
    cost(sku, 10_000, now)
    for _again in range(3):
        with step():
            follow_sku(sku_id=sku.pk, now=now)
    assert follow_of(sku).outcome == "out_of_rails"
    assert AuditEntry.objects.filter(tag="price:followed").count() == 1
    make.fresh()
    assert not offer(sku.code, make.channel(), now).state_ok  # type: ignore[union-attr]


def test_a_hand_on_the_price_ends_the_stop(now: datetime) -> None:
    sku = make.make_sku(price_minor=9900, cost_minor=9000)
    rule(now, most_minor=9950, on_breach="pause")
    cost(sku, 10_000, now)
    sku.refresh_from_db()
    assert sku.price_hold
    with step():
        set_price(
            sku_id=sku.pk, price_list_id=make.base().price_list_id, amount_minor=12_000, now=now,
            acting=BY, by_hand=True,
        )  # fmt: skip
        follow_sku(sku_id=sku.pk, now=now, acting=BY)
    sku.refresh_from_db()
    assert (price_of(sku), sku.price_hold) == (12_000, False)


def test_a_rule_that_is_taken_away_leaves_prices_and_lets_go(now: datetime) -> None:
    sku = make.make_sku(price_minor=9900, cost_minor=9000)
    made = rule(now, most_minor=9950, on_breach="pause")
    cost(sku, 10_000, now)
    remove_pricing(row=made, now=now, acting=BY)
    follow_due(now=now)
    sku.refresh_from_db()
    assert (price_of(sku), sku.price_hold) == (9900, False)
    assert not PriceFollow.objects.exists()


def test_without_a_cost_nothing_moves(now: datetime) -> None:
    sku = make.make_sku(price_minor=9900)
    Sku.objects.filter(pk=sku.pk).update(cost_minor=None)
    rule(now)
    follow_due(now=now)
    assert (price_of(sku), follow_of(sku).outcome) == (9900, "no_cost")


def test_an_advertised_minimum_is_a_floor_for_rules_too(now: datetime) -> None:
    sku = make.make_sku(price_minor=20_000, advertised_minimum_minor=12_000)
    rule(now)
    assert cost(sku, 9100, now) == 12_000
