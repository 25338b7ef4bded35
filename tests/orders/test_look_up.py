"""Guests find their orders by number, contact and secret; guessing gets nowhere."""

import pytest
from django.test import Client

from core import clock
from core.models import LimitCount
from orders.services.look_up import TooOften, look_up, read_number
from risk.models import Assessment
from tests.factories.orders import item, place, stocked

pytestmark = pytest.mark.django_db
IP = "198.51.100.7"


def ask(number: str, contact: str, secret: str, ip: str = IP) -> object:
    return look_up(number=number, contact=contact, secret=secret, ip=ip, now=clock.now())


def test_all_three_open_the_order(client: Client) -> None:
    placed = place(item(stocked(1)), contact="me@example.com")
    form = {"order": placed.order, "contact": "Me@Example.com", "secret": placed.secret.lower()}
    answer = client.post("/lookup/", form)
    assert (answer.status_code, answer["Location"]) == (303, f"/orders/{placed.order}/")
    assert client.get(f"/orders/{placed.order}/").status_code == 200


def test_a_chosen_secret_works_and_is_kept_nowhere_in_clear() -> None:
    placed = place(item(stocked(1)), contact="me@example.com", secret="Tall Poppy")
    assert placed.secret == ""
    assert ask(placed.order, "me@example.com", "tallpoppy")


@pytest.mark.parametrize("wrong", ["number", "contact", "secret", "kind"])
def test_anything_wrong_gets_the_same_answer(client: Client, wrong: str) -> None:
    placed = place(item(stocked(1)), contact="me@example.com")
    form = {"order": placed.order, "contact": "me@example.com", "secret": placed.secret}
    form |= {
        "number": {"order": "ord_0000000000000001"},
        "contact": {"contact": "you@example.com"},
        "secret": {"secret": "WRONGONE"},
        "kind": {"contact": "13800138000"},
    }[wrong]
    answer = client.post("/lookup/", form, headers={"Accept-Language": "en"})
    assert answer.status_code == 200
    assert answer.context["answered"]
    assert "qy_orders" not in client.cookies
    assert b"Nothing fits these three together" in answer.content


def test_wrong_answers_are_as_long_as_one_another(client: Client) -> None:
    placed = place(item(stocked(1)), contact="me@example.com")
    lengths = set()
    for order in (placed.order, "ord_0000000000000001"):
        form = {"order": order, "contact": "you@example.com", "secret": "WRONGONE"}
        lengths.add(len(client.post("/lookup/", form).content))
    assert len(lengths) == 1


def test_five_tries_for_one_order_from_one_address() -> None:
    placed = place(item(stocked(1)), contact="me@example.com")
    for _ in range(5):
        assert ask(placed.order, "me@example.com", "WRONG") is None
    with pytest.raises(TooOften):
        ask(placed.order, "me@example.com", placed.secret)
    # An attacker cannot lock the buyer out from elsewhere.
    assert ask(placed.order, "me@example.com", placed.secret, ip="203.0.113.9")
    assert Assessment.objects.filter(point="lookup", reason="too_often").exists()


def test_twenty_tries_an_hour_from_one_address() -> None:
    for number in range(20):
        assert ask(f"ord_{number:016d}", "me@example.com", "WRONG") is None
    with pytest.raises(TooOften):
        ask("ord_9999999999999999", "me@example.com", "WRONG")


def test_tries_are_counted_in_the_database(client: Client) -> None:
    client.post("/lookup/", {"order": "x", "contact": "me@example.com", "secret": "y"})
    assert LimitCount.objects.filter(key__startswith="risk:lookup").exists()


def test_the_page_says_when_it_was_too_often(client: Client) -> None:
    form = {"order": "ord_0000000000000001", "contact": "me@example.com", "secret": "WRONG"}
    for _ in range(5):
        assert client.post("/lookup/", form).status_code == 200
    answer = client.post("/lookup/", form)
    assert answer.status_code == 429
    assert answer.context["limited"]


@pytest.mark.parametrize(
    "text",
    [
        "ord_7K2M9QXD4TB8N5VC",
        "ORD-7K2M 9QXD 4TB8 N5VC",
        "7k2m9qxd4tb8n5vc",
        " ord_7K2M9QXD4TB8N5VC ",
    ],
)
def test_numbers_are_read_as_people_type_them(text: str) -> None:
    assert read_number(text) == "ord_7K2M9QXD4TB8N5VC"


@pytest.mark.parametrize(
    "text", ["", "x", "ord_", "ord_7K2M9QXD4TB8N5VCX", "' or 1=1 --", "订单" * 30]
)
def test_what_is_no_number_is_nobody(text: str) -> None:
    assert read_number(text) == "ord_0000000000000000"
