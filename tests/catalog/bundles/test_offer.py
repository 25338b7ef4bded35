"""A bundle is offered as its parts allow, to the second, and never under what they cost."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from catalog.models import BundleGroup, BundlePart, Price, Product, Sku
from catalog.offers import Offer
from catalog.queries import offer
from catalog.services.save_bundle import BundleRefused, GroupOf, check_bundle, save_bundle
from catalog.services.set_availability import set_availability
from catalog.services.set_cost import set_cost
from catalog.services.set_price import PriceRefused, set_price
from catalog.states import ProductState
from core.invariants import INVARIANTS, check
from tests.factories import catalog as make
from tests.factories.bundles import make_bundle, topup

pytestmark = pytest.mark.django_db


def seen(sku: Sku, now: datetime) -> Offer:
    found = offer(sku.code, make.channel(), now)
    assert found is not None
    return found


@pytest.fixture
def goods() -> list[Sku]:
    """Three top-ups at 19.90, 21.00 and 16.80 that cost 16.50, 17.80 and 13.50."""
    rows = [topup(price) for price in (1990, 2100, 1680)]
    for row, cost in zip(rows, (1650, 1780, 1350), strict=True):
        Sku.objects.filter(pk=row.pk).update(cost_minor=cost)
    make.fresh()
    return rows


@pytest.fixture
def fixed(goods: list[Sku]) -> Sku:
    return make_bundle((None, [(goods[0], 1), (goods[1], 2)]), price_minor=6000)


@pytest.fixture
def pick(goods: list[Sku]) -> Sku:
    return make_bundle((2, [(one, 1) for one in goods]), price_minor=3600)


@pytest.mark.parametrize(
    ("words", "of_all", "of_two"),
    [
        ("in in in", "in", "in"),
        ("in low in", "low", "in"),
        ("low low in", "low", "low"),
        ("in out in", "out", "in"),
        ("in out low", "out", "low"),
        ("out in out", "out", "out"),
    ],
)
def test_as_scarce_as_its_scarcest_part(
    now: datetime, goods: list[Sku], pick: Sku, words: str, of_all: str, of_two: str
) -> None:
    every = make_bundle((None, [(one, 1) for one in goods]), price_minor=9000)
    for sku, word in zip(goods, words.split(), strict=True):
        with transaction.atomic():
            set_availability(sku_id=sku.pk, availability=word, now=now)
    make.fresh()
    assert (seen(every, now).availability, seen(pick, now).availability) == (of_all, of_two)


def test_cost_floor_and_price_of_the_parts(now: datetime, fixed: Sku, pick: Sku) -> None:
    whole, two = seen(fixed, now), seen(pick, now)
    assert (whole.cost_minor, whole.floor_minor, whole.market_minor) == (5210, 5210, 6190)
    # The dearest two for the floor, the cheapest two for the comparison.
    assert (two.cost_minor, two.floor_minor, two.market_minor) == (3430, 3430, 3670)


def test_no_price_under_the_dearest_choice(now: datetime, pick: Sku) -> None:
    place = make.base().price_list_id
    with transaction.atomic(), pytest.raises(PriceRefused):
        set_price(sku_id=pick.pk, price_list_id=place, amount_minor=3429, now=now, acting="t")
    with transaction.atomic():
        set_price(sku_id=pick.pk, price_list_id=place, amount_minor=3430, now=now, acting="t")


def test_a_part_that_gets_dearer_stops_the_sale(
    now: datetime, goods: list[Sku], fixed: Sku
) -> None:
    assert seen(fixed, now).state_ok
    with transaction.atomic():
        set_cost(sku_id=goods[0].pk, cost_minor=2441, now=now)
    make.make_price(goods[0], 3000, starts_at=now)
    assert not seen(fixed, now).state_ok
    assert check(INVARIANTS.get("INV-K6"), now=now) is not None


@pytest.mark.parametrize("how", ["paused", "not offered", "no price", "over"])
def test_what_is_not_sold_alone_is_not_sold_inside(
    now: datetime, goods: list[Sku], fixed: Sku, pick: Sku, how: str
) -> None:
    part = goods[1]
    if how == "paused":
        Product.objects.filter(pk=part.product_id).update(state=ProductState.PAUSED)
    elif how == "not offered":
        Sku.objects.filter(pk=part.pk).update(is_active=False)
    elif how == "no price":
        Price.objects.filter(sku=part).delete()
    else:
        Product.objects.filter(pk=part.product_id).update(on_sale_until=now - timedelta(hours=1))
    make.fresh()
    assert not seen(fixed, now).state_ok
    assert seen(pick, now).state_ok  # two of the other two are left


def test_it_ends_when_its_part_does(now: datetime, goods: list[Sku], fixed: Sku) -> None:
    ends = now + timedelta(minutes=10)
    Product.objects.filter(pk=goods[0].product_id).update(on_sale_until=ends)
    make.fresh()
    assert seen(fixed, now).until == ends
    assert not seen(fixed, ends).state_ok


def test_a_warm_offer_costs_no_statement(
    warm: None, now: datetime, pick: Sku, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    first = seen(pick, now)
    channel = make.channel()
    offer(pick.code, channel, now)
    with django_assert_num_queries(0):
        assert offer(pick.code, channel, now) == first


def test_a_kept_page_follows_its_parts(now: datetime, goods: list[Sku], fixed: Sku) -> None:
    """Whole pages are kept for visitors; a part that runs out changes the bundle's at once."""
    client = Client(headers={"accept-language": "en"})
    address = f"/p/{fixed.product.slug}/"
    assert b'id="buy" method="post"' in client.get(address).content
    assert b'id="buy" method="post"' in client.get(address).content
    with transaction.atomic():
        set_availability(sku_id=goods[0].pk, availability="out", now=now)
    from core.cache import forget_versions

    forget_versions()
    assert b'id="buy" method="post"' not in client.get(address).content


def test_the_page_shows_what_is_inside(pick: Sku, goods: list[Sku]) -> None:
    page = (
        Client(headers={"accept-language": "en"}).get(f"/p/{pick.product.slug}/").content.decode()
    )
    for part in goods:
        assert part.product.name_en in page
        assert f'name="pick" value="{part.code}"' in page
    assert page.count('name="in_phone"') == 1
    assert 'name="contents"' in page


def test_fields_of_one_kind_are_asked_once(now: datetime) -> None:
    kinds: list[Any] = [
        (("phone", "phone", {}),),
        (("phone", "phone", {"carriers": ["cmcc"]}),),
        (("qq", "qq", {}), ("server", "game_server", {"options": [{"value": "a"}]})),
        (("server", "game_server", {"options": [{"value": "b"}]}),),
    ]
    parts = [
        make.make_sku(
            product_type=make.make_type("topup", inputs=inputs), price_minor=1000, cost_minor=1
        )
        for inputs in kinds
    ]
    sku = make_bundle((None, [(one, 1) for one in parts]), price_minor=3000)
    assert [spec.key for spec in seen(sku, now).inputs] == ["phone", "qq", "server", "server_2"]


def groups_of(*codes: Sku, choose: int | None = None) -> list[GroupOf]:
    return [GroupOf(choose, [(sku.pk, 1) for sku in codes])]


def test_the_contents_are_written_as_a_whole_once(
    now: datetime, goods: list[Sku], fixed: Sku
) -> None:
    with transaction.atomic():
        wanted = groups_of(*goods)
        assert save_bundle(sku_id=fixed.pk, groups=wanted, now=now, acting="t")
        assert not save_bundle(sku_id=fixed.pk, groups=wanted, now=now, acting="t")
    assert BundlePart.objects.filter(group__bundle=fixed).count() == 3
    make.fresh()
    assert seen(fixed, now).cost_minor == 4780


@pytest.mark.parametrize("wrong", ["twice", "bundle", "choice", "empty", "dear", "no bundle"])
def test_what_is_no_bundle_is_refused(
    now: datetime, goods: list[Sku], fixed: Sku, pick: Sku, wrong: str
) -> None:
    groups = {
        "twice": groups_of(goods[0]) + groups_of(goods[0]),
        "bundle": groups_of(goods[0], pick),
        "choice": groups_of(*goods, choose=4),
        "empty": [],
        "dear": [GroupOf(None, [(goods[0].pk, 4)])],
        "no bundle": groups_of(goods[1]),
    }[wrong]
    target = goods[0] if wrong == "no bundle" else fixed
    with pytest.raises(BundleRefused), transaction.atomic():
        save_bundle(sku_id=target.pk, groups=groups, now=now, acting="t")
    with transaction.atomic():
        check_bundle(sku_id=fixed.pk)


@pytest.mark.parametrize("broken", ["empty", "twice", "nested", "choice", "kind"])
def test_a_bundle_out_of_shape_is_seen(
    now: datetime, goods: list[Sku], fixed: Sku, pick: Sku, broken: str
) -> None:
    assert check(INVARIANTS.get("INV-K7"), now=now) is None
    if broken == "empty":
        BundlePart.objects.filter(group__bundle=fixed).delete()
    elif broken == "twice":
        again = BundleGroup.objects.create(bundle=fixed)
        BundlePart.objects.create(group=again, sku=goods[0])
    elif broken == "nested":
        BundlePart.objects.filter(group__bundle=fixed, sku=goods[0]).update(sku=pick)
    elif broken == "choice":
        BundleGroup.objects.filter(bundle=pick).update(choose=4)
    else:
        BundleGroup.objects.filter(bundle=pick).update(bundle=goods[0])
    assert check(INVARIANTS.get("INV-K7"), now=now) is not None


def test_a_bundle_under_cost_is_seen(now: datetime, goods: list[Sku], pick: Sku) -> None:
    assert check(INVARIANTS.get("INV-K6"), now=now) is None
    Sku.objects.filter(pk=goods[2].pk).update(cost_minor=1820)  # 18.20 + 17.80 is 36.00
    assert check(INVARIANTS.get("INV-K6"), now=now) is None
    Sku.objects.filter(pk=goods[2].pk).update(cost_minor=1821)
    assert check(INVARIANTS.get("INV-K6"), now=now) is not None
