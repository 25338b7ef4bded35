"""Level prices, cost-plus rules and member levels in the back office: through services, audited."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import MemberDay, MemberLevel, Membership
from catalog.models import LevelPrice, Price, PriceFollow, PriceRule
from catalog.queries import offer
from catalog.services.follow_cost import follow_due
from catalog.services.set_cost import set_cost
from core import clock
from core.models import AuditEntry
from core.tx import step
from tests.factories import catalog as make
from tests.factories.accounts import make_staff, make_user
from tests.factories.levels import grow, make_level, make_levels

pytestmark = pytest.mark.django_db
GRID = {"step_minor": "0.10", "ending_minor": "0.00", "rounding": "down"}
LEVEL = {
    "name": "金卡", "name_en": "Gold", "rank": "3", "hue": "45", "is_active": "on",
    "growth_needed": "2000", "validity_days": "365", "grace_days": "30", "early_hours": "12",
    "service_queue": "gold",
}  # fmt: skip


@pytest.fixture
def operator() -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_staff("operator"))
    return client


def add(client: Client, desk: str, /, **data: Any) -> Any:
    return client.post(reverse(f"admin:{desk}_add"), data)


def test_a_level_and_its_price_are_made_and_sold_by(operator: Client) -> None:
    sku = make.make_sku(price_minor=9999, cost_minor=5000)
    assert add(operator, "accounts_memberlevel", **LEVEL).status_code == 302
    gold = MemberLevel.objects.get(rank=3)
    answer = add(
        operator, "catalog_levelprice", level=gold.pk, share_bp="9500", is_active="on", **GRID
    )
    assert answer.status_code == 302
    make.fresh()
    found = offer(sku.code, make.channel(), clock.now(), level=3)
    assert found is not None
    assert found.unit_minor == 9490
    assert AuditEntry.objects.filter(tag="level:edited").count() == 1
    assert AuditEntry.objects.filter(tag="price:rule_edited").count() == 1


def test_levels_stand_in_order(operator: Client) -> None:
    make_levels()
    answer = add(operator, "accounts_memberlevel", **{**LEVEL, "rank": "4", "growth_needed": "300"})
    assert "A higher level takes more growth." in answer.content.decode()


@pytest.mark.parametrize("way", [{}, {"share_bp": "9000", "price_list": "base"}])
def test_a_level_price_is_a_list_or_a_share(operator: Client, way: dict[str, Any]) -> None:
    level = make_level(2)
    if "price_list" in way:
        way = {**way, "price_list": make.base().price_list_id}
    answer = add(operator, "catalog_levelprice", level=level.pk, is_active="on", **GRID, **way)
    assert answer.status_code == 200
    assert not LevelPrice.objects.exists()


def test_a_member_day_is_one_kind_of_day(operator: Client) -> None:
    day = {
        "name": "会员日",
        "name_en": "Day",
        "growth_bp": "20000",
        "from_rank": "1",
        "is_active": "on",
    }
    assert add(operator, "accounts_memberday", **day).status_code == 200
    assert add(operator, "accounts_memberday", **day, weekday="3").status_code == 302
    assert MemberDay.objects.get().rule.weekday == 3


def test_a_rule_is_made_followed_and_accepted(operator: Client) -> None:
    sku = make.make_sku(price_minor=9900, cost_minor=9000)
    answer = add(
        operator, "catalog_pricerule", name="ten", price_list=make.base().price_list_id,
        position="0", scope="product", product=sku.product_id, markup_bp="1000",
        markup_minor="0.00", cost_jump_bp="1000", on_breach="pause", is_active="on", **GRID,
    )  # fmt: skip
    assert answer.status_code == 302, answer.context["errors"]
    follow_due(now=clock.now())
    with step():
        set_cost(sku_id=sku.pk, cost_minor=12_000, now=clock.now())
    row = PriceFollow.objects.get()
    listed = operator.get(reverse("admin:catalog_pricefollow_changelist"), {"queue": "trouble"})
    assert sku.code in listed.content.decode()
    assert "Prices that hit a guard rail" in operator.get(reverse("admin:index")).content.decode()
    operator.post(reverse("admin:catalog_pricefollow_accept", args=[row.pk]), {"post": "yes"})
    sku.refresh_from_db()
    assert (Price.objects.get(sku=sku).amount_minor, sku.price_hold) == (13_200, False)


def test_a_rule_says_what_it_is_for(operator: Client) -> None:
    answer = add(
        operator, "catalog_pricerule", name="x", price_list=make.base().price_list_id, position="0",
        scope="category", markup_bp="0", markup_minor="0.00", on_breach="alert", **GRID,
    )  # fmt: skip
    assert "Say what the rule is for." in answer.content.decode()
    assert not PriceRule.objects.exists()


def test_a_standing_is_looked_at_and_growth_given(operator: Client) -> None:
    make_levels()
    user = make_user(email="a@example.com")
    grow(user, 10)
    held = Membership.objects.get(user=user)
    url = reverse("admin:accounts_membership_give", args=[held.pk])
    for _twice in range(2):
        operator.post(url, {"amount": "600", "reason": "sorry", "key": "form-1"})
    held.refresh_from_db()
    assert (held.growth, held.rank) == (610, 2)
    page = operator.get(reverse("admin:accounts_membership_change", args=[held.pk]))
    assert "1 → 2" in page.content.decode()
