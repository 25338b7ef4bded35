"""Pages about points: mine, the mall, the field at the checkout; and putting points right."""

import pytest
from django.test import Client
from django.urls import reverse

from core import approvals, clock
from core.invariants import check_all
from orders.models import Order, PointsCorrection, PointsGood, PointsPayment
from orders.queries.points import balance_of
from orders.services.points.correct_points import BadCorrection, request_correction
from tests.factories.accounts import make_staff, make_user
from tests.factories.orders import stocked
from tests.factories.points import give, make_rule

pytestmark = pytest.mark.django_db


def test_my_points_say_what_there_is_and_why(client: Client) -> None:
    person = make_user(email="ann@example.com")
    give(person.public_id, 321, days=9)
    make_rule(name_en="A point for each yuan")
    client.force_login(person)
    shown = client.get(reverse("orders:points"), headers={"Accept-Language": "en"})
    text = shown.content.decode()
    assert shown.status_code == 200
    for words in ("321", "3.21", "Put right by the shop", "A point for each yuan", "Ending soon"):
        assert words in text


def test_nobody_sees_points_without_signing_in(client: Client) -> None:
    assert client.get(reverse("orders:points")).status_code == 302


def test_the_checkout_says_how_many_and_takes_them(client: Client) -> None:
    person = make_user(email="ann@example.com")
    give(person.public_id, 5000)
    sku = stocked(1, price_minor=1990)
    client.force_login(person)
    there = f"{reverse('orders:checkout')}?sku={sku.code}&points=200"
    shown = client.get(there, headers={"Accept-Language": "en"})
    assert "Up to 995 here" in shown.content.decode()
    assert shown.context["quote"]["total_minor"] == 1790
    client.post(
        reverse("orders:place"),
        {
            "sku": sku.code, "quantity": "1", "key": shown.context["key"], "points": "200",
            "fingerprint": shown.context["quote"]["fingerprint"], "consent": "1",
            "provider": "localpay",
        },
    )  # fmt: skip
    order = Order.objects.get()
    assert (order.total_minor, PointsPayment.objects.get(order=order).points) == (1790, 200)


def test_a_good_is_exchanged_and_delivered(client: Client) -> None:
    person = make_user(email="ann@example.com")
    give(person.public_id, 1000)
    good = PointsGood.objects.create(sku=stocked(1, price_minor=1990), points=900, is_active=True)
    client.force_login(person)
    shown = client.get(reverse("orders:points_mall"), headers={"Accept-Language": "en"})
    assert "900 points" in shown.content.decode()
    there = reverse("orders:points_exchange", args=[good.public_id])
    answer = client.post(there, {"key": shown.context["key"] + "1", "consent": "1"})
    assert answer.status_code == 303
    order = Order.objects.get()
    assert order.total_minor == 0
    assert balance_of(person.public_id) == 100
    # Sent again, since its answer was lost: its points are gone, its order is there.
    lost = client.post(there, {"key": shown.context["key"] + "1", "consent": "1"})
    assert lost["Location"] == f"/orders/{order.public_id}/"
    again = client.post(there, {"key": shown.context["key"] + "2", "consent": "1"}, follow=True)
    assert Order.objects.count() == 1
    assert again.status_code == 200


def test_points_are_put_right_by_two_persons() -> None:
    maker, checker = make_staff("operator"), make_staff("operator")
    person, now = make_user(), clock.now()
    with pytest.raises(BadCorrection):
        request_correction(
            owner=person.public_id, points=0, reason="x", by=maker.public_id, now=now
        )
    for points, left in ((70, 70), (-100, 0)):
        asked = request_correction(
            owner=person.public_id, points=points, reason="lost parcel", by=maker.public_id,
            now=now,
        )  # fmt: skip
        with pytest.raises(approvals.SelfApproval):
            approvals.decide(approval_id=asked.public_id, by=maker.public_id, agree=True, now=now)
        approvals.decide(approval_id=asked.public_id, by=checker.public_id, agree=True, now=now)
        assert balance_of(person.public_id) == left
    assert PointsCorrection.objects.count() == 2
    assert not check_all(now=now, grace=0, only="INV-PO")
