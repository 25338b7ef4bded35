"""Prices, stock, limit, balance and statement of an outside channel."""

from typing import Any

import pytest

from catalog.models import Channel
from core import clock, ledger
from core.approvals import SelfApproval, StalePayload, decide
from core.models import Approval
from core.reconciliation.values import day_of
from distribution.models import MarketOrder
from distribution.services.book_payment import AlreadyBooked, book_payment
from distribution.services.set_limit import BadLimit, ask_for_limit
from fulfillment.services.pool.move_share import move_share
from fulfillment.suppliers.base import Verdict
from fulfillment.suppliers.form_md5.client import ADAPTER
from tests.distribution.books import assert_sound
from tests.factories.accounts import make_staff
from tests.factories.catalog import make_price, make_sku
from tests.factories.markets import make_place, purchase
from tests.factories.orders import stocked


def test_goods_have_the_channels_price_and_stock(shop_url: str) -> None:
    place, sku, topup = make_place(url=shop_url), stocked(7), make_sku(kind="topup")
    channel = Channel.objects.get(code="jd")
    make_price(sku, 9700, price_list=channel.price_list)
    make_sku(kind="manual")
    now = clock.now()
    page = ADAPTER.catalog(place.line(), cursor="", now=now)
    assert (page.problem, page.rejected) == ("", ())
    goods = {item.supplier_sku: item for item in page.items}
    assert goods.keys() == {sku.code, topup.code}
    assert (goods[sku.code].cost_minor, goods[sku.code].stock) == (9700, 7)
    assert (goods[topup.code].kind, goods[topup.code].on_sale) == ("direct", True)
    asked = purchase(sku, max_cost_minor=9700)
    assert place.order(asked).cost_minor == 9700
    move_share(
        sku_id=sku.pk, giver="", taker="somebody", units=4, by="user:usr_A", why="x", now=now
    )
    goods = {
        item.supplier_sku: item for item in ADAPTER.catalog(place.line(), cursor="", now=now).items
    }
    assert goods[sku.code].stock == 2
    assert place.order(purchase(sku, 3)).code == "OUT_OF_STOCK"
    assert place.order(purchase(sku, 2)).verdict is Verdict.SUCCEEDED


def test_its_balance_and_statement_are_our_books(shop_url: str) -> None:
    place, sku = make_place(url=shop_url, limit_minor=100_000), stocked(5)
    asked = purchase(sku, 2)
    place.order(asked)
    now = clock.now()
    assert ADAPTER.balance(place.line(), now=now).minor == 100_000 - 2 * 9850
    book_payment(code="jd", amount_minor=5000, number="B1", by="user:usr_A", now=now)
    with pytest.raises(AlreadyBooked):
        book_payment(code="jd", amount_minor=5000, number="B1", by="user:usr_A", now=now)
    # Midnight in Shanghai may have passed in between.
    days = sorted({day_of(MarketOrder.objects.get().created_at), day_of(now)})
    told = [ADAPTER.statement(place.line(), day=day, now=clock.now()) for day in days]
    assert {(one.problem, one.rejected) for one in told} == {("", ())}
    rows = [
        (line.merchant_no, line.amount_minor, line.balance_after_minor)
        for one in told
        for line in one.lines
    ]
    assert rows == [(asked.merchant_no, -19_700, -19_700), ("B1", 5000, -14_700)]
    assert ledger.balance("channel_account:jd") == 14_700
    assert_sound()


def test_a_limit_is_not_set_below_what_is_owed(shop_url: str) -> None:
    place, sku = make_place(url=shop_url, limit_minor=50_000), stocked(5)
    maker, checker = make_staff("finance"), make_staff("owner")
    order: dict[str, Any] = {
        "code": "jd", "by": maker.public_id, "reason": "x", "now": clock.now(),
    }  # fmt: skip
    asked = ask_for_limit(limit_minor=10_000, **order)
    place.order(purchase(sku, 2))
    with pytest.raises(StalePayload):
        decide(approval_id=asked.public_id, by=checker.public_id, agree=True, now=clock.now())
    decide(approval_id=asked.public_id, by=checker.public_id, agree=False, now=clock.now())
    with pytest.raises(BadLimit):
        ask_for_limit(limit_minor=19_699, **order)
    with pytest.raises(SelfApproval):
        decide(
            approval_id=ask_for_limit(limit_minor=19_700, **order).public_id,
            by=maker.public_id, agree=True, now=clock.now(),
        )  # fmt: skip
    again = Approval.objects.get(state="requested")
    decide(approval_id=again.public_id, by=checker.public_id, agree=True, now=clock.now())
    assert place.order(purchase(sku)).code == "INSUFFICIENT_BALANCE"
    assert_sound()
