"""Budgets of promotions under parallel orders: never a use, never a cent too many (D03, D12)."""

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
from core.models.counts import LimitCount
from orders.models import Order, PromotionUse
from orders.queries import promotions
from orders.services.place_order import LimitReached, PriceChanged, Refused
from tests.factories.catalog import make_sku
from tests.factories.orders import item, place, wanted
from tests.factories.promotions import make_promotion
from tests.races.crowd import crowd

pytestmark = pytest.mark.usefixtures("committed")
ORDERS = 32


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


@pytest.fixture
def good(_quiet: None) -> Sku:
    """Something that needs no stock, so that only the promotion is scarce."""
    return make_sku(kind="topup", price_minor=9000, cost_minor=1)


def storm(good: Sku, contacts: list[str], **more: Any) -> int:
    """All order at the cheaper price at one moment; returns how many got it."""
    seen = wanted(item(good), **more).shown

    def order(contact: str) -> None:
        try:
            place(item(good), shown=seen, contact=contact, **more)
        except (PriceChanged, LimitReached, Refused):
            return

    crowd(order, contacts)
    return PromotionUse.objects.count()


def people(number: int) -> list[str]:
    return [f"person{n}@example.com" for n in range(number)]


def sound() -> bool:
    return not check_all(now=clock.now(), grace=0, only="INV-PR")


def test_the_last_coupon_goes_to_one_order(good: Sku) -> None:
    make_promotion("amount_off", {"steps": [[0, 500]]}, code="ONCE", most_uses=1)
    assert storm(good, people(ORDERS), codes=("ONCE",)) == 1
    # Nobody else has an order: the price they were shown was not theirs any more.
    assert Order.objects.count() == 1
    assert sound()


def test_a_budget_of_a_thousand_is_not_exceeded_by_a_cent(good: Sku) -> None:
    make_promotion("amount_off", {"steps": [[0, 3333]]}, most_minor=100_000)
    assert storm(good, people(48)) == 100_000 // 3333
    assert LimitCount.objects.get(key__endswith=":money").used == 30 * 3333
    assert sound()


def test_a_limit_per_person_holds_for_twenty_orders_at_once(good: Sku) -> None:
    make_promotion("amount_off", {"steps": [[0, 500]]}, most_per_person=1)
    assert storm(good, ["ann@example.com"] * 20) == 1
    assert sound()


@pytest.mark.parametrize(
    ("bound", "contacts", "most"),
    [
        ({"most_uses": 1}, people(ORDERS), 1),
        ({"most_minor": 2500}, people(ORDERS), 5),
        ({"most_per_person": 1}, ["ann@example.com"] * 20, 1),
    ],
)
def test_without_the_guard_more_is_given_than_there_is(
    good: Sku, bound: dict[str, int], contacts: list[str], most: int
) -> None:
    """Negative control: what the budgets are for."""
    make_promotion("amount_off", {"steps": [[0, 500]]}, **bound)
    with without("orders.limits"):
        assert storm(good, contacts) > most
