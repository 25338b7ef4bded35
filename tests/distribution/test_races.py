"""Outside channels, many calls at once: one order for one number, no credit beyond the limit.

Each race comes with its negative control: with the guard switched off the same check must fail.
"""

import pytest

from core import clock, ledger
from core.faults import without
from distribution.models import MarketOrder
from distribution.services.push_results import push_results
from fulfillment.models import Code, CodeIssue
from orders.models import Order
from simulators.marketplace.script import Buyer
from tests.distribution.books import assert_books_agree, assert_sound, codes_sold
from tests.factories.markets import Place, give_limit
from tests.factories.orders import relay_all, stocked
from tests.races.crowd import crowd

COPIES = 32
PRICE = 9850


def test_thirty_two_copies_of_one_order_are_one_order(market: Place, buyer: Buyer) -> None:
    sku = stocked(40)
    answers = buyer.order("SAME1", sku.code, copies=COPIES)
    assert {answer["retCode"] for answer in answers} == {"100"}
    assert len({answer["data"]["platformNo"] for answer in answers}) == 1
    assert Order.objects.count() == MarketOrder.objects.count() == 1
    assert CodeIssue.objects.count() == 1
    assert not Code.objects.filter(state="held").exists()
    assert ledger.balance("channel_account:jd") == PRICE
    relay_all()
    assert push_results(now=clock.now()) == 1
    buyer.query("SAME1")
    assert buyer.cards("SAME1") == codes_sold("SAME1")
    assert_books_agree(buyer, {"SAME1"})
    assert_sound()


def test_without_its_one_form_they_are_many(market: Place, buyer: Buyer) -> None:
    """Negative control: one of them is paid all the same, but stock is held by the others."""
    sku = stocked(100)
    with without("market.one_form"):
        for turn in range(10):
            buyer.order(f"MANY{turn}", sku.code, copies=COPIES)
            if Order.objects.filter(attribution=f"jd:MANY{turn}").count() > 1:
                return
    pytest.fail("the race did not show without its guard")


def order_all(buyer: Buyer, sku_code: str, name: str) -> list[str]:
    """Eighteen orders under numbers of their own at once; returns their codes."""
    codes: list[str] = []

    def order(turn: int) -> None:
        codes.append(buyer.order(f"{name}{turn}", sku_code)[0]["retCode"])

    crowd(order, range(18), threads=18)
    return codes


def test_the_limit_is_never_passed(market: Place, buyer: Buyer) -> None:
    sku = stocked(40)
    give_limit("jd", 5 * PRICE)
    codes = order_all(buyer, sku.code, "LIMIT")
    assert sorted(codes) == ["100"] * 5 + ["205"] * 13
    assert ledger.balance("channel_account:jd") == 5 * PRICE
    assert Order.objects.filter(state="delivered").count() == 5
    assert Order.objects.filter(state="closed").count() == 13
    assert not Code.objects.filter(state="held").exists()
    assert_books_agree(buyer, {f"LIMIT{turn}" for turn in range(18)})
    assert_sound()


def test_without_the_floor_the_limit_is_passed(market: Place, buyer: Buyer) -> None:
    """Negative control: the floor of the account is what holds, not a look at it."""
    sku = stocked(40)
    give_limit("jd", 5 * PRICE)
    with without("market.floor"):
        codes = order_all(buyer, sku.code, "OPEN")
    assert codes.count("100") > 5
    assert ledger.balance("channel_account:jd") <= 5 * PRICE


def test_the_last_unit_goes_to_one_of_them(market: Place, buyer: Buyer) -> None:
    sku = stocked(3)
    codes = order_all(buyer, sku.code, "LAST")
    assert sorted(codes) == ["100"] * 3 + ["201"] * 15
    assert CodeIssue.objects.count() == 3
    assert_books_agree(buyer, {f"LAST{turn}" for turn in range(18)})
    assert_sound()
