"""The last unit of a bundle's scarcest part, and 64 who want it: one gets all, the others nothing."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from catalog import snapshot
from catalog.models import Sku
from core import clock, ledger
from core.crypto import ensure_data_key, forget_keys
from core.faults import without
from core.invariants import check_all
from fulfillment.models import Code
from fulfillment.services.hold import SoldOut
from orders.models import Order, OrderBundle, OrderLine
from orders.services.place_order import place_order
from tests.factories.bundles import bundle_item, make_bundle, topup
from tests.factories.orders import order_of, pay, stocked, wanted
from tests.races.crowd import THREADS, comes_up, crowd

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture(autouse=True)
def _quiet(committed: None, settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.STATE_DIR = tmp_path
    settings.TEST_HOOKS = True
    for forget in (snapshot.forget, ledger.forget_accounts, forget_keys):
        forget()
    ensure_data_key()
    yield
    for forget in (snapshot.forget, ledger.forget_accounts, forget_keys):
        forget()


def pack(scarce: int) -> tuple[Sku, Sku, Sku]:
    """A bundle of a plentiful code, a scarce one and a top-up."""
    plenty, rare = stocked(100, cost_minor=1), stocked(scarce, cost_minor=1)
    return (
        make_bundle((None, [(plenty, 1), (rare, 1), (topup(1990), 1)]), price_minor=9000),
        plenty,
        rare,
    )


def buy_all(sku: Sku, buyers: int) -> Counter[str]:
    """So many place an order at once."""
    forms = [wanted(bundle_item(sku)) for _ in range(buyers)]
    done: Counter[str] = Counter()

    def attempt(form: Any) -> None:
        try:
            place_order(wanted=form, now=clock.now(), acting="guest")
            done["placed"] += 1
        except SoldOut:
            done["sold out"] += 1
            connections.close_all()

    crowd(attempt, forms)
    return done


def held(sku: Sku) -> int:
    return Code.objects.filter(sku=sku, state="held").count()


def test_the_last_unit_of_the_scarcest_part() -> None:
    sku, plenty, rare = pack(1)
    done = buy_all(sku, THREADS)
    assert done == {"placed": 1, "sold out": THREADS - 1}
    assert (held(rare), held(plenty)) == (1, 1)
    assert OrderBundle.objects.count() == Order.objects.count() == 1
    assert OrderLine.objects.count() == 3
    pay(Order.objects.get())
    assert check_all(now=clock.now()) == []


def test_a_dozen_of_the_scarcest_part_are_a_dozen_bundles() -> None:
    sku, plenty, rare = pack(12)
    other = make_bundle((None, [(rare, 1), (plenty, 2)]), price_minor=9000)
    forms = [wanted(bundle_item(sku if n % 2 else other)) for n in range(THREADS)]
    done: Counter[str] = Counter()

    def attempt(form: Any) -> None:
        try:
            placed = place_order(wanted=form, now=clock.now(), acting="guest")
            pay(order_of(placed))
            done["paid"] += 1
        except SoldOut:
            done["sold out"] += 1

    crowd(attempt, forms)
    assert done == {"paid": 12, "sold out": THREADS - 12}
    assert Code.objects.filter(sku=rare, state="sold").count() == 12
    assert held(plenty) == held(rare) == 0
    assert check_all(now=clock.now()) == []


def test_negative_control_without_the_row_lock() -> None:
    """With the lock taken away, the same crowd is promised bundles that nobody can deliver."""

    def too_many_are_promised() -> bool:
        sku, _plenty, rare = pack(3)
        done = buy_all(sku, THREADS)
        assert held(rare) <= 3
        return done["placed"] > 3

    with without("hold.skip_locked"):
        assert comes_up(too_many_are_promised)
