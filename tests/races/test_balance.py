"""A balance under parallel orders, and a card under parallel hands: never spent, never given twice."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from catalog import snapshot
from catalog.models import Sku
from core import clock, ledger
from core.crypto import ensure_data_key, forget_keys
from core.faults import without
from core.invariants import check_all
from orders.models import BalancePayment, Order
from orders.queries import promotions
from orders.queries.balance import balance_of
from orders.services.close_order import expire_order
from orders.services.place_order import LimitReached, PriceChanged, Refused, place_order
from orders.services.request_refund import NothingToRefund, request_refund
from orders.services.start_payment import pay_address
from tests.factories.accounts import make_user
from tests.factories.balance import buy, make_cards, put
from tests.factories.catalog import make_sku
from tests.factories.exchange import made, redeem, texts
from tests.factories.orders import item, pay, wanted
from tests.races.crowd import comes_up, crowd
from tests.races.test_lottery import outcomes

pytestmark = pytest.mark.usefixtures("committed")
ORDERS = 32
HANDS = 32
FORGET = (snapshot.forget, ledger.forget_accounts, forget_keys, promotions.forget)


@pytest.fixture(autouse=True)
def _quiet(committed: None, settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.STATE_DIR = tmp_path
    settings.TEST_HOOKS = True
    for forget in FORGET:
        forget()
    ensure_data_key()
    yield
    for forget in FORGET:
        forget()


@pytest.fixture
def good(_quiet: None) -> Sku:
    return make_sku(kind="topup", price_minor=10_000, cost_minor=1)


@pytest.fixture
def ann(_quiet: None) -> User:
    return make_user()


def storm(good: Sku, ann: User, orders: int) -> int:
    """A hundred yuan, and so many orders of a hundred yuan at once; returns how many were paid."""
    put(ann.public_id, 10_000)
    forms = [
        wanted(
            item(good), owner=ann.public_id, user_id=ann.pk, balance_minor=10_000,
            contact=f"p{n}@example.com",
        )
        for n in range(orders)
    ]  # fmt: skip

    def order(form: Any) -> None:
        try:
            placed = place_order(wanted=form, now=clock.now(), acting="test")
        except (PriceChanged, LimitReached, Refused):
            return
        pay_address(placed.page, now=clock.now())

    crowd(order, forms)
    return Order.objects.filter(paid_at__isnull=False).count()


def sound() -> list[str]:
    return [str(one) for one in check_all(now=clock.now(), grace=0, only="INV-TN")]


def test_a_balance_pays_one_of_32_orders(good: Sku, ann: User) -> None:
    assert storm(good, ann, ORDERS) == 1
    assert (Order.objects.count(), balance_of(ann.public_id)) == (1, 0)
    assert sound() == []


def test_without_the_guard_it_pays_again_and_again(good: Sku, ann: User) -> None:
    """Negative control: what holding is for; the invariants see it."""
    with without("orders.balance"):
        assert storm(good, ann, 6) > 1
    assert sound() != []


def test_one_card_in_32_hands_is_one_balance(ann: User) -> None:
    others = [make_user(email=f"hand{n}@example.com") for n in range(HANDS)]
    text = texts(made(make_cards(1)))[0]

    def grab(n: int) -> str:
        hand = others[n]
        return redeem(
            text, owner=hand.public_id, user_id=hand.pk, contact=f"hand{n}@example.com",
            ip=f"198.51.100.{n}",
        ).state  # fmt: skip

    assert outcomes(grab, HANDS, threads=HANDS) == {"done": 1, "CodeRefused": HANDS - 1}
    assert sum(balance_of(hand.public_id) for hand in others) == 10_000
    assert sound() == []


def test_without_its_guard_a_card_is_used_by_more_than_one(ann: User) -> None:
    """The negative control: only the exchange's unique code, the last net, then catches them."""
    codes = iter(texts(made(make_cards(12))))

    def race() -> bool:
        text = next(codes)

        def grab(n: int) -> str:
            return redeem(
                text, owner=ann.public_id, user_id=ann.pk, contact=f"h{n}@example.com",
                ip=f"198.51.100.{n}",
            ).state  # fmt: skip

        return outcomes(grab, 8, threads=8)["IntegrityError"] > 0

    with without("exchange.code"):
        assert comes_up(race)


def test_a_refund_and_an_order_at_once_lose_no_cent(good: Sku, ann: User) -> None:
    put(ann.public_id, 10_000)
    first = [buy(ann, 2500, item(good), contact=f"f{n}@example.com") for n in range(4)]
    for order in first:
        pay(order)
    put(ann.public_id, 5000)
    last = wanted(item(good), owner=ann.public_id, user_id=ann.pk, balance_minor=5000)

    def act(what: Any) -> None:
        try:
            if isinstance(what, Order):
                request_refund(order=what.public_id, now=clock.now(), acting="test", reason="test")
            else:
                place_order(wanted=what, now=clock.now(), acting="test")
        except NothingToRefund:
            return

    crowd(act, [*first, last, *first])
    assert balance_of(ann.public_id) == 10_000
    assert sound() == []


def test_closing_and_paying_at_once_hold_or_give_back_never_both(good: Sku, ann: User) -> None:
    put(ann.public_id, 4000)
    order = buy(ann, 4000, item(good))
    at = order.expires_at + timedelta(seconds=1)

    def act(n: int) -> None:
        if n % 2:
            pay(order, now=at)
        else:
            expire_order(order=order.public_id, now=at)

    crowd(act, range(8))
    assert balance_of(ann.public_id) == 0
    assert BalancePayment.objects.get().state == "spent"
    assert sound() == []
