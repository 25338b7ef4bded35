"""The operator's screen: kinds, the form, the preview, warnings, acts, the calendar."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from catalog.models import Channel
from core import clock
from core.models import Approval
from orders.models import Promotion
from orders.models.promotion import Kind
from tests.factories.accounts import make_staff
from tests.factories.catalog import make_sku
from tests.factories.orders import make_order, pay, stocked
from tests.factories.promotions import make_promotion

pytestmark = pytest.mark.django_db
HOME = "/admin/orders/promotion/"
TERMS: dict[str, dict[str, str]] = {
    "special_price": {"p_unit_minor": "90"},
    "percent_off": {"p_off_bp": "9.5 折"},
    "amount_off": {"p_steps_0": "100", "p_steps_1": "5"},
    "nth_unit": {"p_nth": "2", "p_off_bp": "10%"},
    "several_for": {"p_units": "3", "p_price_minor": "288"},
    "gift_with": {"p_sku_code": "GIFT", "p_quantity": "1"},
}
STACK = {"special_price": "10", "amount_off": "30", "gift_with": "50"}


def desk(role: str = "operator") -> Client:
    client = Client(headers={"accept-language": "zh"})
    client.force_login(make_staff(role))
    return client


def filled(kind: str, **more: Any) -> dict[str, Any]:
    return {
        "kind": kind, "name": "周末活动", "minimum_level": "0", "trigger": "automatic",
        "stack": STACK.get(kind, "20"), "priority": "100", **TERMS[kind], **more,
    }  # fmt: skip


def test_first_one_says_what_kind() -> None:
    page = desk().get(f"{HOME}add/").content.decode()
    assert all(f"?kind={kind}" in page for kind in Kind.values)


@pytest.mark.parametrize("kind", Kind.values)
def test_each_kind_has_its_terms_and_is_stored(kind: str) -> None:
    make_sku(price_minor=10_000, cost_minor=6000, code="GIFT")
    client = desk()
    page = client.get(f"{HOME}add/?kind={kind}").content.decode()
    others = {name for terms in TERMS.values() for name in terms} - set(TERMS[kind])
    assert all(f'name="{name}"' in page for name in TERMS[kind])
    assert not any(f'name="{name}"' in page for name in others)
    answer = client.post(f"{HOME}add/", filled(kind))
    row = Promotion.objects.get()
    assert answer.status_code == 302, answer.content.decode()
    assert (row.kind, row.state, row.name) == (kind, "draft", "周末活动")
    assert client.get(answer["location"]).status_code == 200


def test_money_is_typed_in_yuan_and_a_share_as_people_say_it() -> None:
    client = desk()
    money = {"p_most_minor": "20", "most_minor": "500.5"}
    client.post(f"{HOME}add/", filled("percent_off", p_off_bp="8.5折", **money))
    row = Promotion.objects.get()
    assert row.params == {"off_bp": 1500, "most_minor": 2000}
    assert row.most_minor == 50_050
    assert 'value="15%"' in client.get(f"{HOME}{row.pk}/change/").content.decode()


@pytest.mark.parametrize(
    "wrong",
    [
        {"p_off_bp": "a lot"}, {"p_off_bp": "101%"}, {"p_off_bp": ""}, {"name": ""},
        {"most_minor": "-1"}, {"goods": ["sku:NONE"]}, {"stack": "50"}, {"trigger": "code"},
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_on_the_same_screen(wrong: dict[str, Any]) -> None:
    answer = desk().post(f"{HOME}add/", filled("percent_off", **wrong))
    assert answer.status_code == 200
    assert 'class="promo-bad"' in answer.content.decode()
    assert not Promotion.objects.exists()


def test_the_preview_prices_with_the_unsaved_rule_and_writes_nothing() -> None:
    sku = make_sku(price_minor=10_000, cost_minor=6000)
    make_promotion("percent_off", {"off_bp": 500}, name="九五折")
    seen = {"see_sku_0": sku.code, "see_units_0": "2", "see_channel": "main", "see_level": "0"}
    page = desk().post(f"{HOME}look/", filled("amount_off", **seen)).content.decode()
    # 200 less 5 % and 5: what it costs, what it would without, and what is left of it.
    assert "¥185.00" in page
    assert "¥190.00" in page
    assert "满 100 减 5" in page
    assert "九五折" in page
    # 185 less 120 of cost and 0.6 % for the payment.
    assert "¥63.89" in page
    assert Promotion.objects.count() == 1


def test_the_preview_knows_other_codes_and_the_channels_commission() -> None:
    sku = make_sku(price_minor=10_000, cost_minor=6000)
    Channel.objects.filter(code="main").update(commission_reserve_bp=500)
    make_promotion("amount_off", {"steps": [[0, 700]]}, code="SAVE7", name="减七元")
    seen = {"see_sku_0": sku.code, "see_codes": "save7 nothing"}
    page = desk().post(f"{HOME}look/", filled("percent_off", **seen)).content.decode()
    # 100 less 5 % and the code's 7; of 88, 0.53 are the payment's and 4.40 the channel's.
    assert "¥88.00" in page
    assert "减七元" in page
    assert "¥23.07" in page
    assert "没有进行中的活动使用这个口令：NOTHING" in page
    without = desk().post(f"{HOME}look/", filled("percent_off", see_sku_0=sku.code))
    assert "¥88.00" not in without.content.decode()


def test_the_preview_says_who_lost_and_why() -> None:
    sku = make_sku(price_minor=10_000, cost_minor=6000)
    make_promotion("percent_off", {"off_bp": 100}, name="九九折")
    make_promotion("amount_off", {"steps": [[90_000, 100]]}, name="满九百")
    page = desk().post(f"{HOME}look/", filled("percent_off", see_sku_0=sku.code)).content.decode()
    assert "同一位置的另一个优惠对这些商品更划算" in page
    assert "还没达到它的门槛" in page


def test_without_script_a_button_shows_the_same() -> None:
    make_sku(price_minor=10_000, cost_minor=6000)
    answer = desk().post(f"{HOME}add/", filled("percent_off", look="1"))
    assert "¥95.00" in answer.content.decode()
    assert not Promotion.objects.exists()


def test_terms_that_make_no_sense_are_asked_for() -> None:
    page = desk().post(f"{HOME}look/", filled("percent_off", p_off_bp="")).content.decode()
    assert "填好条款" in page


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"kind": "amount_off", "params": {"steps": [[0, 100]]}}, "可以叠加"),
        ({"kind": "percent_off"}, "位置相同"),
        ({"kind": "percent_off", "alone": True}, "互斥"),
    ],
)
def test_what_it_meets_is_told(other: dict[str, Any], said: str) -> None:
    make_sku(price_minor=10_000, cost_minor=6000)
    make_promotion(**other, name="另一个")
    page = desk().post(f"{HOME}look/", filled("percent_off")).content.decode()
    assert "另一个" in page
    assert said in page


def test_what_it_does_not_meet_is_not_told() -> None:
    make_sku(price_minor=10_000, cost_minor=6000)
    now = clock.now()
    make_promotion(name="昨天的", ends_at=now - timedelta(days=1))
    make_promotion(name="别处的", goods=["sku:OTHER"])
    later = timezone.localtime(now + timedelta(days=1))
    page = desk().post(
        f"{HOME}look/",
        filled("percent_off", starts_at_0=f"{later:%Y-%m-%d}", starts_at_1=f"{later:%H:%M:%S}"),
    ).content.decode()  # fmt: skip
    assert "这些商品在这段时间没有别的活动" in page


def test_two_that_push_a_good_to_its_floor() -> None:
    sku = make_sku(price_minor=10_000, cost_minor=9000)
    make_promotion("amount_off", {"steps": [[0, 2400]]}, name="立减")
    page = desk().post(f"{HOME}look/", filled("percent_off")).content.decode()
    assert "压到底价" in page
    assert sku.product.name in page


def test_switching_on_is_refused_under_the_floor_until_those_goods_are_left_out() -> None:
    low = make_sku(price_minor=10_000, cost_minor=9900)
    make_sku(price_minor=10_000, cost_minor=1000)
    client = desk()
    client.post(f"{HOME}add/", filled("percent_off"))
    row = Promotion.objects.get()
    on, out = f"{HOME}{row.pk}/live/act/", f"{HOME}{row.pk}/leave-out/act/"
    refused = client.post(on, {"why": ""})
    assert refused.status_code == 200
    assert low.code in refused.content.decode()
    assert client.post(out, {"why": ""}).status_code == 302
    assert client.post(on, {"why": ""}).status_code == 302
    row.refresh_from_db()
    assert (row.state, row.goods_left_out) == ("live", [f"sku:{low.code}"])


def test_pausing_takes_one_click_and_support_may() -> None:
    row = make_promotion()
    client = desk("support")
    client.get(f"{HOME}{row.pk}/freeze/")
    row.refresh_from_db()
    assert row.state == "live"
    client.post(f"{HOME}{row.pk}/freeze/")
    row.refresh_from_db()
    assert row.state == "paused"


@pytest.mark.parametrize("role", ["support", "auditor"])
def test_who_may_not_edit_or_switch(role: str) -> None:
    row = make_promotion(state="draft")
    client = desk(role)
    assert client.get(f"{HOME}add/").status_code == 403
    assert client.post(f"{HOME}{row.pk}/change/", filled("percent_off")).status_code == 403
    assert client.post(f"{HOME}{row.pk}/live/act/", {"why": ""}).status_code == 403
    row.refresh_from_db()
    assert row.state == "draft"


def test_what_is_live_is_not_edited() -> None:
    row = make_promotion()
    client = desk()
    assert client.post(f"{HOME}{row.pk}/change/", filled("percent_off")).status_code == 403
    assert "disabled" in client.get(f"{HOME}{row.pk}/change/").content.decode()


def test_a_subsidy_is_asked_for_here() -> None:
    row = make_promotion("special_price", {"unit_minor": 600}, state="draft", subsidy_minor=5000)
    Promotion.objects.filter(pk=row.pk).update(subsidy_sha="")
    client = desk()
    assert client.post(f"{HOME}{row.pk}/subsidy/act/", {"why": "new people"}).status_code == 302
    assert Approval.objects.get(state="requested").subject == row.public_id


def test_once_more_leads_to_the_copy() -> None:
    row = make_promotion(state="ended")
    answer = desk().post(f"{HOME}{row.pk}/copy/act/", {"why": ""})
    copy = Promotion.objects.get(state="draft")
    assert answer["location"] == f"{HOME}{copy.pk}/change/"


def test_the_list_tells_uses_money_and_margin() -> None:
    make_promotion("amount_off", {"steps": [[0, 500]]}, name="减五元", most_uses=9)
    pay(make_order(stocked(1)))
    page = desk().get(HOME).content.decode()
    assert "减五元" in page
    assert "1 / 9" in page
    assert "¥5.00" in page


@pytest.mark.parametrize("month", ["", "2026-13", "x", "1999-01"])
def test_the_calendar_shows_what_runs_when(month: str) -> None:
    now = clock.now()
    make_promotion(name="这个月的", starts_at=now, ends_at=now + timedelta(days=1))
    make_promotion(name="草稿的", state="draft")
    make_promotion(name="以前的", state="ended", starts_at=now - timedelta(days=400),
                   ends_at=now - timedelta(days=390), state_at=now - timedelta(days=390))  # fmt: skip
    page = desk().get(f"{HOME}calendar/?month={month}").content.decode()
    assert "这个月的" in page
    assert "promo-span-draft" in page
    assert "以前的" not in page
    then = timezone.localtime(now - timedelta(days=395))
    assert "以前的" in desk().get(f"{HOME}calendar/?month={then:%Y-%m}").content.decode()


def test_the_calendar_of_a_channel() -> None:
    make_sku()
    make_promotion(name="各处的")
    make_promotion(name="别处的", channels=["elsewhere"])
    page = desk().get(f"{HOME}calendar/?channel=main").content.decode()
    assert "各处的" in page
    assert "别处的" not in page
