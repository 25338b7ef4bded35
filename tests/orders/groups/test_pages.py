"""Pages of group buys: what a product's page says, the way in, the shared link, the order's page."""

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from core.ids import new_token
from orders.models import BuyGroup, GroupBuy, Order
from orders.services.fill_waits import end_overdue_waits
from orders.services.groups.end_group import expire_groups
from tests.factories.accounts import make_user
from tests.factories.groups import group_of, make_group_buy, sit_down
from tests.factories.levels import grow, make_level_price, make_levels
from tests.factories.orders import pay, stocked

pytestmark = pytest.mark.django_db
HIDDEN = re.compile(r'name="(form_token|fingerprint)" value="([^"]*)"')
ENGLISH = {"accept-language": "en"}


@pytest.fixture
def buy() -> GroupBuy:
    return make_group_buy(stocked(6, price_minor=9000, cost_minor=5000))


def page(address: str, client: Client | None = None) -> str:
    answer = (client or Client(headers=ENGLISH)).get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def order_by(client: Client, address: str, contact: str, **more: str) -> Any:
    form = {name: unescape(value) for name, value in HIDDEN.findall(page(address, client))}
    form |= {"form_token": new_token(), "contact": contact, "consent": "1", **more}
    return client.post(f"{address}{'join' if '/group/' in address else 'open'}/", form)


def opened(buy: GroupBuy) -> tuple[Order, BuyGroup]:
    order = sit_down(buy, "ann@example.com")
    pay(order)
    return order, group_of(order)


def test_a_product_says_what_it_costs_alone_and_together(buy: GroupBuy) -> None:
    shown = page(reverse("orders:offers", args=[buy.sku.product.slug]))
    assert "Buy alone" in shown
    assert "In a group of 3" in shown
    assert f"/groups/{buy.slug}/" in shown


def test_open_share_and_join(buy: GroupBuy) -> None:
    ann, ben = Client(headers=ENGLISH), Client(headers=ENGLISH)
    assert order_by(ann, f"/groups/{buy.slug}/", "ann@example.com").status_code == 303
    order = Order.objects.get()
    link = f"/group/{group_of(order).public_id}/"
    # Nobody has paid yet: there is nothing to share.
    assert ben.get(link).status_code == 404
    assert "You have a seat here" in page(link, ann)
    pay(order)
    said = page(f"/orders/{order.public_id}/", ann)
    assert "2 more buyers, then it is yours" in said
    assert link in said
    seen = page(link, ben)
    assert "Join this group" in seen
    assert "a***" in seen
    assert "ann@" not in seen
    assert order_by(ben, link, "ben@example.com").status_code == 303
    assert group_of(order).taken == 2
    again = order_by(ben, link, "ben@example.com") if "Join this group" in page(link, ben) else None
    assert again is None
    assert "2 more needed" in page(f"/groups/{buy.slug}/")
    assert buy.slug in page("/groups/")


def test_a_full_group_and_one_that_is_over_say_so(buy: GroupBuy) -> None:
    first, group = opened(buy)
    link = f"/group/{group.public_id}/"
    for name in ("ben", "cid"):
        pay(sit_down(buy, f"{name}@example.com", group=group))
    assert "Group complete" in page(link)
    late = sit_down(buy, "dan@example.com")
    pay(late)
    other = group_of(late)
    expire_groups(now=other.deadline)
    end_overdue_waits(now=other.deadline)
    assert "Group not filled" in page(f"/group/{other.public_id}/")
    # Nobody had looked after the full one: at its deadline it is delivered, not refunded.
    assert Order.objects.get(pk=first.pk).state == "delivered"


def test_a_form_that_comes_too_late_says_why(buy: GroupBuy) -> None:
    _first, group = opened(buy)
    link = f"/group/{group.public_id}/"
    client = Client(headers=ENGLISH)
    form = {name: unescape(value) for name, value in HIDDEN.findall(page(link, client))}
    for name in ("ben", "cid"):
        sit_down(buy, f"{name}@example.com", group=group)
    form |= {"form_token": new_token(), "contact": "dan@example.com", "consent": "1"}
    answer = client.post(f"{link}join/", form)
    assert answer.status_code == 422
    assert "The last seat of this group was just taken" in answer.content.decode()
    nothing = client.post(f"{link}join/", {"form_token": new_token()})
    assert nothing.status_code == 422


def test_consent_to_another_price_is_not_taken_for_consent_to_this(buy: GroupBuy) -> None:
    ann, address = Client(headers=ENGLISH), f"/groups/{buy.slug}/"
    answer = order_by(ann, address, "ann@example.com", fingerprint="of-yesterday")
    assert answer.status_code == 422
    said = answer.content.decode()
    assert "The price has changed since you looked" in said
    assert 'value="ann@example.com"' in said
    consent = re.search(r'<input type="checkbox" name="consent"[^>]*>', said)
    assert consent is not None
    assert "checked" not in consent[0]
    assert not Order.objects.exists()


def test_its_buyer_may_leave_while_it_waits(buy: GroupBuy) -> None:
    client = Client(headers=ENGLISH)
    order_by(client, f"/groups/{buy.slug}/", "ann@example.com")
    order = Order.objects.get()
    pay(order)
    assert f"/orders/{order.public_id}/refund/" in page(f"/orders/{order.public_id}/", client)
    assert client.post(f"/orders/{order.public_id}/refund/").status_code == 303
    order.refresh_from_db()
    assert (order.state, group_of(order).state) == ("failed", "expired")


def test_addresses_of_nothing_are_not_found(buy: GroupBuy) -> None:
    client = Client(headers=ENGLISH)
    assert client.get("/groups/none/").status_code == 404
    assert client.get("/group/grp_0000000000000000/").status_code == 404


def test_whoever_had_their_share_is_told_so(buy: GroupBuy) -> None:
    """A member whose level has a price of its own as well: the group's is the same for all."""
    _one, silver, _gold = make_levels()
    make_level_price(silver)
    lin, person = make_user(email="lin@example.com"), Client(headers=ENGLISH)
    grow(lin, 600)
    person.force_login(lin)
    assert order_by(person, f"/groups/{buy.slug}/", "").status_code == 303
    pay(Order.objects.get())
    again = order_by(person, f"/groups/{buy.slug}/", "")
    assert again.status_code == 422
    assert "had your share" in unescape(again.content.decode())
    assert Order.objects.count() == 1
