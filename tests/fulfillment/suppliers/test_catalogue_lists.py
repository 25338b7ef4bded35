"""The fault catalogue of suppliers on our own road: balances, lists, statements and keys (C15, C16, C20, C21).

See test_catalogue.py for what is where.
"""

from typing import Any

import pytest
from pytest_django import Settings

from core import clock
from fulfillment.models import Alert, SupplierGood, SupplierOffer
from fulfillment.queries.watching import LEAST_MINOR
from fulfillment.services.suppliers.save_supplier import put_key
from fulfillment.services.suppliers.watch_alerts import watch_alerts
from tests.factories.supply import connect, drive, last_attempt, make_topup, open_unit
from tests.factories.syncing import sync_now
from tests.fulfillment.suppliers.ground import Ground, settled
from tests.fulfillment.suppliers.suite.kit import COST, SECRET, SHANGHAI, purchase


@pytest.fixture(autouse=True)
def _quick(settings: Settings) -> None:
    settings.SUPPLY_TIME_SCALE = 0.02


# --- C15: little money left --------------------------------------------------------------------


def test_c15_somebody_is_told_before_the_money_is_gone(ground: Ground) -> None:
    """The supplier's own figure falls below what an alert allows, and what is left still buys."""
    place, subject = ground.first, "supplier:x"
    low = Alert.objects.filter(kind="low_balance", subject=subject, closed_at__isnull=True)
    place.script.set_balance(LEAST_MINOR)
    sync_now(place.row)
    watch_alerts(now=clock.now())
    assert not low.exists()
    place.script.set_balance(LEAST_MINOR - 1)
    sync_now(place.row)
    watch_alerts(now=clock.now())
    assert low.get().facts["theirs"] == LEAST_MINOR - 1
    assert drive(open_unit(make_topup(place.row))).state == "delivered"
    settled(ground)


# --- C16: a list in which somebody has lied ----------------------------------------------------

#: None of them is a price.
WRONG: tuple[object, ...] = (
    "0.00",
    "-16.50",
    "NaN",
    "1e999",
    "99999999999999.99",
    "<b>1</b>",
    "",
    None,
    0,
    -1650,
    [],
)


def test_c16_what_cannot_be_a_price_never_becomes_one(ground: Ground) -> None:
    """Prices that are none, goods twice, markup for a name: no offer follows, nothing is sold at nought."""
    place = ground.first
    offer = SupplierOffer.objects.get(sku=ground.topup(), supplier=place.row)
    good = place.script.control("product", product="TOPUP-2", cost_minor=COST)
    dearer = place.script.control("product", product="TOPUP-2", cost_minor=COST + 1)
    (price,) = (name for name in good if good[name] != dearer[name])
    odd = [_renamed(good, f"ODD-{n}") | {price: wrong} for n, wrong in enumerate(WRONG)]
    twice = [_renamed(good, "TOPUP-1") | {price: dearer[price]}]
    place.script.fault("inject", op="products", items=[*odd, *twice])
    row = sync_now(place.row)
    known = SupplierGood.objects.filter(supplier=place.row)
    assert (row.problem, row.rejected) == ("", len(odd) + 2), (
        "of two prices nobody knows the true one"
    )
    assert set(known.values_list("supplier_sku", flat=True)) == {"TOPUP-2", "CARD-1"}
    assert not known.filter(cost_minor__lte=0).exists()
    offer.refresh_from_db()
    assert (offer.cost_minor, offer.max_cost_minor, offer.paused_why) == (COST, COST, "")
    settled(ground)


def _renamed(good: dict[str, Any], number: str) -> dict[str, Any]:
    return {name: number if value == "TOPUP-2" else value for name, value in good.items()}


# --- C20, C21: statements and keys ---------------------------------------------------------------------------------


def test_c20_every_seeded_break_of_a_statement_can_be_seen(ground: Ground) -> None:
    """C20: thirty differences between the file and the truth, and not one more."""
    place = ground.first
    link = place.kit.connection(place.script.base)
    for _order in range(32):
        place.kit.adapter.place(link, purchase(), now=clock.now())
    today = clock.now().astimezone(SHANGHAI).date()
    before = place.kit.adapter.statement(link, day=today, now=clock.now())
    planted = place.script.statement_breaks(
        today.isoformat(), count=30, seed=11, kinds=["missing", "extra", "amount", "duplicate"]
    )
    after = place.kit.adapter.statement(link, day=today, now=clock.now())
    assert (after.problem, after.rejected, before.rejected) == ("", (), ())
    was, is_ = list(before.lines), list(after.lines)
    changed = {"missing": (1, 0), "extra": (0, 1), "amount": (1, 1), "duplicate": (0, 1)}
    gone, come = _without(was, is_), _without(is_, was)
    assert len(gone) == sum(changed[one["kind"]][0] for one in planted)
    assert len(come) == sum(changed[one["kind"]][1] for one in planted)
    assert after.digest != before.digest


def _without(lines: list[Any], others: list[Any]) -> list[Any]:
    left = list(others)
    return [line for line in lines if line not in left or left.remove(line)]  # type: ignore[func-returns-value]


def test_c21_keys_change_while_a_purchase_is_under_way(ground: Ground) -> None:
    """C21."""
    place, unit = ground.first, ground.stuck()
    place.script.control("key", key_id="k2", secret=SECRET[::-1])
    row = place.row
    put_key(row, key_id="k2", secret=SECRET[::-1])
    row.save()
    place.script.finish(last_attempt(unit).number, "COMPLETED")
    assert place.hear(place.script.callback(last_attempt(unit).number)) == 200
    drive(unit)
    assert unit.state == "delivered"
    settled(ground)


def test_a_second_connection_to_the_same_supplier_is_another_account(ground: Ground) -> None:
    """A number of ours is looked for among the purchases of the supplier it came from."""
    other = connect(
        ground.first.script.base, code="other", secret=SECRET, dialect=ground.first.kit.dialect,
        options=ground.first.kit.options,
    )  # fmt: skip
    unit = ground.stuck()
    number = last_attempt(unit).number
    ground.first.script.finish(number, "COMPLETED")
    made = ground.first.script.callback(number)
    ground.first.row = other
    ground.first.hear(made)
    unit.refresh_from_db()
    assert unit.state == "dispatched"
