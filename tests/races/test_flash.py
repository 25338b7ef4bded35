"""Flash sales under many buyers at once: never a unit too many, one for each person (D01, D12)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from catalog import snapshot
from catalog.models import Sku
from core import clock, ledger
from core.crypto import ensure_data_key, forget_keys
from core.faults import without
from core.invariants import check_all
from orders.models import FlashSale, FlashUnit, Order
from orders.queries import promotions
from orders.services.flash.flash_rule import CLUSTERS
from orders.services.place_order import LimitReached, PriceChanged, Refused, SoldOut
from tests.factories.catalog import make_sku
from tests.factories.flash import make_flash, place_flash
from tests.factories.orders import stocked
from tests.races.crowd import crowd

pytestmark = pytest.mark.usefixtures("committed")
BUYERS = 64


@pytest.fixture(autouse=True)
def _quiet(committed: None, settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.STATE_DIR = tmp_path
    settings.TEST_HOOKS = True
    for forget in (snapshot.forget, ledger.forget_accounts, forget_keys, promotions.forget):
        forget()
    ensure_data_key()
    yield
    for forget in (snapshot.forget, ledger.forget_accounts, forget_keys, promotions.forget):
        forget()


def endless() -> Sku:
    """Something that needs no stock, so that only the units are scarce."""
    return make_sku(kind="topup", price_minor=9000, cost_minor=1)


def storm(sale: FlashSale, contacts: list[str]) -> int:
    """All want a unit at one moment; returns how many have an order."""

    def order(contact: str) -> None:
        try:
            place_flash(sale, contact)
        except (PriceChanged, LimitReached, Refused, SoldOut):
            return

    crowd(order, contacts)
    return Order.objects.count()


def people(number: int) -> list[str]:
    return [f"person{n}@example.com" for n in range(number)]


def sound() -> bool:
    return not check_all(now=clock.now(), grace=1, only="INV-FS")


@pytest.mark.parametrize("pooled", [False, True])
def test_sixty_four_buyers_share_ten_units(pooled: bool) -> None:
    sku = stocked(10, price_minor=9000, cost_minor=5000) if pooled else endless()
    sale = make_flash(sku, units=10)
    assert storm(sale, people(BUYERS)) == 10
    assert FlashUnit.objects.filter(sale=sale, state="held").count() == 10
    assert sound()


def test_twenty_orders_of_one_person_get_one_unit() -> None:
    sale = make_flash(endless(), units=10)
    assert storm(sale, ["ann@example.com"] * 20) == 1
    assert sound()


@pytest.mark.parametrize("known", [True, False])
def test_one_household_under_twenty_names_gets_one_unit(known: bool) -> None:
    """Whoever knows which names are one person says so; where nobody does, each name counts."""
    sale = make_flash(endless(), units=10)
    if known:
        CLUSTERS.register("test", lambda identity: "household")
    try:
        assert storm(sale, people(20)) == (1 if known else 10)
    finally:
        CLUSTERS._entries.pop("test", None)
    assert sound()


def test_without_the_guard_a_unit_is_sold_more_than_once() -> None:
    """Negative control: what the conditional update is for."""
    sale = make_flash(endless(), units=10)
    with without("orders.flash"):
        assert storm(sale, people(BUYERS)) > 10


def test_without_the_limit_one_person_takes_many() -> None:
    """Negative control: what the budget by identity is for."""
    sale = make_flash(endless(), units=10)
    with without("orders.limits"):
        assert storm(sale, ["ann@example.com"] * 20) > 1
