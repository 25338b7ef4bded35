"""What a subscriber and an operator see and press."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from core import approvals, clock
from core.models import Approval
from orders.models import Plan, Subscription
from orders.queries.plans import terms_for
from orders.states import MandateState, PlanState, SubscriptionState
from simulators.localpay.script import Gateway
from tests.factories.accounts import make_staff, make_user, sign_in
from tests.factories.orders import stocked
from tests.factories.subscriptions import Life, make_plan, simple_plan

pytestmark = pytest.mark.django_db


@pytest.fixture
def life(gateway: Gateway) -> Life:
    return Life(gateway)


def test_a_plan_is_told_in_plain_words_with_the_laws_notice(client: Client) -> None:
    plan = make_plan(
        stocked(3), {"periods": 1, "price_minor": 600}, {"price_minor": 9700}, budget_minor=10**5
    )
    assert plan.name in client.get("/plans/").content.decode()
    page = client.get(f"/plans/{plan.slug}/", headers={"accept-language": "en"}).content.decode()
    assert "The first month" in page
    assert "¥6.00" in page
    assert "Sign in to subscribe" in page
    client.force_login(make_user(email="reader@example.com"))
    page = client.get(f"/plans/{plan.slug}/", headers={"accept-language": "en"}).content.decode()
    assert "This renews by itself" in page
    assert "at least 5 days before every charge" in page
    assert client.get("/plans/nothing/").status_code == 404


def test_from_the_page_to_the_charge_and_out_in_two_clicks(client: Client, life: Life) -> None:
    plan = simple_plan()
    client.force_login(life.user)
    page = client.get(f"/plans/{plan.slug}/").content.decode()
    token = re.search(r'name="form_token" value="([^"]+)"', page)
    assert token is not None
    form = {
        "form_token": token.group(1), "shown": terms_for(plan, user_id=life.user.pk).sha,
        "provider": "localpay", "consent": "1",
    }  # fmt: skip
    assert client.post(f"/plans/{plan.slug}/start/", form).status_code == 422
    assert not Subscription.objects.exists()
    sent = client.post(f"/plans/{plan.slug}/start/", {**form, "renewal": "1"})
    assert sent.status_code == 303
    row = Subscription.objects.get()
    life.gateway.sign(row.mandate.number, url=sent.headers["Location"])
    back = client.get(reverse("orders:subscription_return", args=[row.public_id]))
    detail = client.get(
        back.headers["Location"], headers={"accept-language": "en"}
    ).content.decode()
    row.refresh_from_db()
    assert row.state == SubscriptionState.ACTIVE
    assert "¥97.00" in detail
    assert row.public_id in client.get("/subscriptions/").content.decode()
    assert "Yes, cancel" in detail
    client.post(reverse("orders:subscription_cancel", args=[row.public_id]))
    row.refresh_from_db()
    assert row.state == SubscriptionState.CANCELLING
    client.post(reverse("orders:subscription_keep", args=[row.public_id]))
    row.refresh_from_db()
    assert row.state == SubscriptionState.ACTIVE


def test_nobody_sees_or_ends_what_is_somebody_elses(client: Client, life: Life) -> None:
    row = life.subscribe(simple_plan())
    client.force_login(make_user(email="stranger@example.com"))
    for name in ("subscription", "subscription_return"):
        assert client.get(reverse(f"orders:{name}", args=[row.public_id])).status_code == 404
    for name in ("cancel", "keep", "pause", "resume"):
        address = reverse(f"orders:subscription_{name}", args=[row.public_id])
        assert client.post(address).status_code == 404
    row.refresh_from_db()
    assert row.state == SubscriptionState.ACTIVE


def test_a_notice_about_a_mandate_is_a_hint_and_a_forged_one_none(
    client: Client, life: Life
) -> None:
    started = life.start(simple_plan())
    row = Subscription.objects.get(public_id=started.subscription)
    life.gateway.sign(row.mandate.number, url=started.address)
    before = row.mandate.not_before
    forged = client.post(
        "/pay/localpay/mandate/", "number=1&service=mandate.notice&sign=x",
        content_type="application/x-www-form-urlencoded",
    )  # fmt: skip
    assert forged.status_code == 400
    row.mandate.refresh_from_db()
    assert (row.mandate.not_before, row.mandate.state) == (before, MandateState.PENDING)
    assert client.post("/pay/free/mandate/", {}).status_code == 404


def test_an_operator_makes_a_plan_on_one_screen_and_a_second_person_opens_it() -> None:
    maker, checker = make_staff("operator"), make_staff("finance")
    desk = sign_in(Client(), maker)
    good, gift = stocked(3), stocked(3)
    form = {
        "name": "连续包月", "name_en": "Monthly membership", "sku": good.pk, "budget_minor": "1000",
        "family": "", "slug": "",
        "phases-TOTAL_FORMS": "2", "phases-INITIAL_FORMS": "0",
        "phases-0-periods": "1", "phases-0-length": "1", "phases-0-unit": "month",
        "phases-0-price_minor": "6", "phases-0-gift": gift.pk, "phases-0-gift_units": "1",
        "phases-0-newcomers": "on",
        "phases-1-length": "1", "phases-1-unit": "month", "phases-1-price_minor": "97",
        "phases-1-gift_units": "1",
    }  # fmt: skip
    assert desk.get("/admin/orders/plan/add/").status_code == 200
    answer = desk.post("/admin/orders/plan/add/", form)
    assert answer.status_code == 302, answer.content.decode()[-3000:]
    plan = Plan.objects.get()
    assert (plan.slug, plan.budget_minor, plan.state) == ("monthly-membership", 100_000, "draft")
    assert list(plan.phases.values_list("price_minor", flat=True)) == [600, 9700]
    assert desk.get(f"/admin/orders/plan/{plan.pk}/change/").status_code == 200
    asked = desk.post(f"/admin/orders/plan/{plan.pk}/open/", {})
    assert asked.status_code == 302
    approval = Approval.objects.get(action="orders.open_plan")
    approvals.decide(
        approval_id=approval.public_id, by=checker.public_id, agree=True, now=clock.now()
    )
    plan.refresh_from_db()
    assert plan.state == PlanState.OPEN
    assert Client().get("/plans/monthly-membership/").status_code == 200
    assert desk.get("/admin/orders/plan/").status_code == 200
    # Its terms stand still while it is on sale.
    desk.post(f"/admin/orders/plan/{plan.pk}/change/", {**form, "phases-1-price_minor": "1"})
    assert list(plan.phases.values_list("price_minor", flat=True)) == [600, 9700]


def test_the_desk_shows_and_cancels_a_subscription(life: Life) -> None:
    row = life.subscribe(simple_plan())
    desk = sign_in(Client(), make_staff("operator"))
    assert desk.get("/admin/orders/subscription/").status_code == 200
    page = desk.get(f"/admin/orders/subscription/{row.pk}/change/").content.decode()
    assert row.mandate.number in page
    assert desk.post(f"/admin/orders/subscription/{row.pk}/cancel/", {}).status_code == 302
    row.refresh_from_db()
    assert row.state == SubscriptionState.CANCELLING
