from datetime import datetime, timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from catalog import snapshot
from catalog.models import PageBlock, Product, Sku
from catalog.queries import blocks_of, offer, on_sale, product_page
from catalog.services.set_availability import set_availability
from catalog.states import ProductState
from core import cache
from tests.factories import catalog as make

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def test_a_warm_read_costs_no_statement(
    warm: None, now: datetime, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    sku = make.make_sku(kind="topup")
    channel = make.channel()
    offer(sku.code, channel, now)
    with django_assert_num_queries(0):
        found = offer(sku.code, channel, now)
        page = product_page(sku.product.slug, channel, now)
        shelf = on_sale(channel, now)
        blocks_of(channel, "home", now)
    assert found is not None
    assert page is not None
    assert page.offers == (found,)
    assert [one.slug for one in shelf] == [page.slug]


def test_a_cold_load_costs_the_same_for_any_size(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    counts = []
    for number in (1, 4):
        for _ in range(number):
            make.make_sku(kind="topup")
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        make.fresh()
        with CaptureQueriesContext(connection) as caught:
            snapshot.current()
        counts.append(len(caught))
    assert counts[0] == counts[1] <= 20


def test_the_version_is_asked_at_most_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    make.make_sku()
    snapshot.current()
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as caught:
        for _ in range(200):
            snapshot.current()
    assert len(caught) == 0
    monkeypatch.setattr(cache._versions, "checked", float("-inf"))
    with CaptureQueriesContext(connection) as caught:
        for _ in range(200):
            snapshot.current()
    assert len(caught) == 1


def test_a_change_is_seen_at_the_next_look(now: datetime) -> None:
    sku = make.make_sku()
    channel = make.channel()
    assert offer(sku.code, channel, now).availability == "in"  # type: ignore[union-attr]
    set_availability(sku_id=sku.pk, availability="out", now=now)
    assert offer(sku.code, channel, now).availability == "out"  # type: ignore[union-attr]


def test_prices_are_right_to_the_second(now: datetime) -> None:
    sku = make.make_sku(price_minor=9850, cost_minor=None)
    make.make_price(sku, 8850, starts_at=now + HOUR, ends_at=now + 2 * HOUR)
    channel = make.channel()
    second = timedelta(seconds=1)
    seen = [
        product_page(sku.product.slug, channel, at).offers[0].unit_minor  # type: ignore[union-attr]
        for at in (now, now + HOUR - second, now + HOUR, now + 2 * HOUR - second, now + 2 * HOUR)
    ]
    assert seen == [9850, 9850, 8850, 8850, 9850]


def test_a_channel_overrides_its_base_list_sku_by_sku(now: datetime) -> None:
    dear, plain = make.make_sku(price_minor=10000), make.make_sku(price_minor=10000)
    corner = make.make_channel("corner", hosts=["corner.example"])
    make.make_price(dear, 11000, price_list=corner.price_list)
    view = snapshot.current().hosts["corner.example"]
    assert offer(dear.code, view, now).unit_minor == 11000  # type: ignore[union-attr]
    assert offer(plain.code, view, now).unit_minor == 10000  # type: ignore[union-attr]
    assert offer(dear.code, make.channel(), now).unit_minor == 10000  # type: ignore[union-attr]


def test_quantity_tiers_reach_the_offer(now: datetime) -> None:
    sku = make.make_sku(price_minor=100, cost_minor=10)
    make.make_price(sku, 80, min_quantity=5)
    channel = make.channel()
    five = offer(sku.code, channel, now, quantity=5)
    assert five is not None
    assert (five.list_minor, five.unit_minor) == (100, 80)


@pytest.mark.parametrize(
    ("state", "shown", "sold"),
    [
        (ProductState.DRAFT, False, False),
        (ProductState.ON_SALE, True, True),
        (ProductState.PAUSED, True, False),
        (ProductState.RETIRED, False, False),
    ],
)
def test_states_decide_what_is_shown_and_sold(
    now: datetime, state: str, shown: bool, sold: bool
) -> None:
    sku = make.make_sku(product=make.make_product(state=state))
    channel = make.channel()
    assert (product_page(sku.product.slug, channel, now) is not None) is shown
    assert offer(sku.code, channel, now).state_ok is sold  # type: ignore[union-attr]
    assert bool(on_sale(channel, now)) is sold


def test_sale_dates_are_kept_to_the_second(now: datetime) -> None:
    product = make.make_product(
        state=ProductState.SCHEDULED, on_sale_from=now + HOUR, on_sale_until=now + 2 * HOUR
    )
    sku = make.make_sku(product=product)
    channel = make.channel()
    seen = [
        offer(sku.code, channel, at).state_ok  # type: ignore[union-attr]
        for at in (now, now + HOUR, now + 2 * HOUR - timedelta(seconds=1), now + 2 * HOUR)
    ]
    assert seen == [False, True, True, False]


def test_a_price_under_its_floor_is_not_sold(now: datetime) -> None:
    sku = make.make_sku(price_minor=100, cost_minor=100)
    channel = make.channel()
    assert offer(sku.code, channel, now).state_ok  # type: ignore[union-attr]
    Sku.objects.update(cost_minor=101)
    make.fresh()
    assert not offer(sku.code, channel, now).state_ok  # type: ignore[union-attr]


def test_unknown_and_unpriced_are_none(now: datetime) -> None:
    bare = make.make_sku(price_minor=None)
    channel = make.channel()
    assert offer("NOBODY", channel, now) is None
    assert offer(bare.code, channel, now) is None
    assert product_page(bare.product.slug, channel, now) is None
    assert product_page("nobody", channel, now) is None


def test_a_sku_taken_out_of_the_offer_is_not_shown(now: datetime) -> None:
    product = make.make_product()
    kept = make.make_sku(product=product)
    gone = make.make_sku(product=product, is_active=False)
    channel = make.channel()
    page = product_page(product.slug, channel, now)
    assert [one.sku_code for one in page.offers] == [kept.code]  # type: ignore[union-attr]
    assert not offer(gone.code, channel, now).state_ok  # type: ignore[union-attr]


def test_blocks_show_between_their_dates(now: datetime) -> None:
    make.make_block("text", starts_at=now + HOUR, ends_at=now + 2 * HOUR, position=1)
    make.make_block("text", is_visible=False)
    channel = make.channel()
    seen = [len(blocks_of(channel, "home", at)) for at in (now, now + HOUR, now + 2 * HOUR)]
    assert seen == [0, 1, 0]
    assert PageBlock.objects.count() == 2
    assert snapshot.current().next_edge(now) == now + HOUR


def test_a_product_keeps_to_its_state_table() -> None:
    product = make.make_product(state=ProductState.RETIRED)
    from django.db import DatabaseError, transaction

    with pytest.raises(DatabaseError), transaction.atomic():
        Product.objects.filter(pk=product.pk).update(state=ProductState.ON_SALE)
