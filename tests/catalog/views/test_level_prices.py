"""Pages at a member's price: a guest's kept page stays a guest's, and follows every change."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Membership, User
from catalog.models import Sku
from catalog.queries import offer, on_sale
from catalog.services.save_pricing import save_level_price
from catalog.snapshot import current
from catalog.states import ProductState
from core import clock
from core.tx import step
from tests.factories import catalog as make
from tests.factories.accounts import make_user
from tests.factories.levels import make_day, make_level, make_level_price

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def member(rank: int) -> User:
    user = make_user(email=f"rank{rank}@example.com")
    Membership.objects.create(user=user, rank=rank, since=clock.now(), period_start=clock.now())
    return user


def page(sku: Sku, user: User | None = None) -> str:
    client = Client(headers={"accept-language": "en"})
    if user is not None:
        client.force_login(user)
    answer = client.get(reverse("catalog:product", args=[sku.product.slug]))
    assert answer.status_code == 200
    return answer.content.decode()


def test_guest_and_member_see_their_own_price() -> None:
    sku = make.make_sku(price_minor=10_000, cost_minor=5000, market_price_minor=None)
    make_level(1)
    make_level_price(make_level(3), share_bp=9000)
    guest = page(sku)
    assert "Members pay from" in guest
    assert 'name="quoted_minor" value="10000"' in guest
    gold = page(sku, member(3))
    assert 'name="quoted_minor" value="9000"' in gold
    assert "Gold price" in gold
    assert "Members pay" not in gold
    # What a member was shown is nobody else's: the kept page is the guest's.
    assert 'name="quoted_minor" value="10000"' in page(sku)
    ordinary = page(sku, member(1))
    assert 'name="quoted_minor" value="10000"' in ordinary
    assert "Higher levels pay" in ordinary


def test_a_kept_page_follows_a_level_price() -> None:
    sku = make.make_sku(price_minor=10_000, cost_minor=5000)
    row = make_level_price(make_level(3), share_bp=9000)
    assert "90.00" in page(sku)
    row.share_bp = 8800
    with step():
        save_level_price(row=row, changed={}, now=clock.now(), acting="user:usr_X")
    shown = page(sku)
    assert "88.00" in shown
    assert "90.00" not in shown


def test_without_level_prices_nothing_is_said() -> None:
    make_level(3)
    assert "Members pay" not in page(make.make_sku(price_minor=10_000))


def test_pages_change_at_the_shops_midnight_while_there_is_a_member_day() -> None:
    sku = make.make_sku(price_minor=10_000, cost_minor=5000)
    make_level_price(make_level(1), share_bp=9000, member_day=make_day(weekday=3))
    wednesday = datetime(2026, 11, 25, 15, 30, tzinfo=UTC)
    midnight = datetime(2026, 11, 25, 16, tzinfo=UTC)
    assert current().next_edge(wednesday) == midnight
    prices = [offer(sku.code, make.channel(), at, level=1) for at in (wednesday, midnight)]
    assert [one.unit_minor for one in prices if one] == [9000, 10_000]


def test_members_buy_early() -> None:
    start = clock.now() + 30 * HOUR
    product = make.make_product(state=ProductState.SCHEDULED, on_sale_from=start)
    sku = make.make_sku(price_minor=10_000, cost_minor=5000, product=product)
    make_level(2, early_hours=2)
    make_level(3, early_hours=24)

    def sold(level: int, at: datetime) -> bool:
        make.fresh()
        found = offer(sku.code, make.channel(), at, level=level)
        assert found is not None
        shelf = [one.product_id for one in on_sale(make.channel(), at, level=level)]
        assert (sku.product_id in shelf) is found.state_ok
        return found.state_ok

    assert [sold(level, start - 24 * HOUR) for level in (0, 1, 2, 3)] == [False, False, False, True]
    assert [sold(level, start - 2 * HOUR) for level in (0, 2, 4)] == [False, True, True]
    assert not sold(3, start - 25 * HOUR)
    assert sold(0, start)
    assert current().next_edge(start - 30 * HOUR) == start - 24 * HOUR
