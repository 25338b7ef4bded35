"""The pages of a flash sale: by the server's clock, honest about what is left, fair in line."""

import re
import time
from datetime import datetime, timedelta
from html import unescape
from typing import Any

import psycopg
import pytest
from django.test import Client
from django.urls import reverse

from catalog import page_cache
from core import clock, turns
from core.ids import new_token
from orders.models import FlashSale, FlashUnit, Order
from orders.queries import flash
from orders.services.flash.admit_flash import ALWAYS, PACE, PER_UNIT, Place, admit_flash
from orders.views import flash_line
from tests.factories.accounts import make_user
from tests.factories.flash import make_flash, order_flash
from tests.factories.levels import grow, make_level_price, make_levels
from tests.factories.orders import stocked

pytestmark = pytest.mark.usefixtures("committed")
HIDDEN = re.compile(r'name="(form_token|fingerprint|ticket)" value="([^"]*)"')


@pytest.fixture(autouse=True)
def _forget(committed: None) -> None:
    flash.forget()
    flash_line.forget()
    PACE.forget()
    turns._own.clear()


def sale_of(units: int = 2, **more: Any) -> FlashSale:
    return make_flash(stocked(units, price_minor=9000, cost_minor=5000), units=units, **more)


def page(sale: FlashSale) -> str:
    flash.forget()
    page_cache.forget()
    answer = Client(headers={"accept-language": "en"}).get(f"/flash/{sale.slug}/")
    assert answer.status_code == 200
    return answer.content.decode()


def post(
    sale: FlashSale, contact: str = "ann@example.com", client: Client | None = None, **more: str
) -> Any:
    client = client or Client(headers={"accept-language": "en"})
    shown = client.get(f"/flash/{sale.slug}/").content.decode()
    form = {name: unescape(value) for name, value in HIDDEN.findall(shown)}
    form |= {"form_token": new_token(), "contact": contact, "consent": "1", **more}
    flash.forget()
    PACE.forget()  # how slow this machine is decides in no test
    return client.post(f"/flash/{sale.slug}/order/", form)


def in_turn(sale: FlashSale, **more: Any) -> Any:
    """The same for somebody who comes again until nobody is before them."""
    for _ in range(50):
        answer = post(sale, **more)
        if "You are in line" not in answer.content.decode():
            break
        time.sleep(0.1)
    return answer


def test_the_page_opens_and_ends_by_the_clock_of_the_shop() -> None:
    now = clock.now()
    soon = sale_of(starts_at=now + timedelta(minutes=5), ends_at=now + timedelta(hours=1))
    assert "Not open yet" in page(soon)
    assert post(soon).status_code == 302
    clock_moved = sale_of()
    assert "Get it now" in page(clock_moved)
    FlashSale.objects.filter(pk=clock_moved.pk).update(state="ended")
    assert "Over" in page(clock_moved)
    assert Order.objects.count() == 0


def test_an_order_from_the_page_costs_the_price_of_the_sale() -> None:
    sale = sale_of()
    answer = post(sale)
    assert answer.status_code == 303, answer.content.decode()[:3000]
    assert Order.objects.get().total_minor == 6000
    again = in_turn(sale)
    assert again.status_code == 422
    assert "had your share" in unescape(again.content.decode())
    assert Order.objects.count() == 1


@pytest.mark.parametrize(("share_bp", "costs"), [(9000, 6000), (5000, 4500)])
def test_a_member_pays_what_is_less_their_level_or_the_sale(share_bp: int, costs: int) -> None:
    """The page is one for all; whoever has a lower price is shown theirs, and agrees to that."""
    _one, silver, _gold = make_levels()
    make_level_price(silver, share_bp=share_bp)
    lin, client = make_user(email="lin@example.com"), Client(headers={"accept-language": "en"})
    grow(lin, 600)
    client.force_login(lin)
    # At their own price it is not one of the sale's units.
    sale = make_flash(stocked(4, price_minor=9000, cost_minor=4000), units=2)
    answer = post(sale, client=client)
    if answer.status_code != 303:
        assert costs < 6000
        assert "The price has changed" in unescape(answer.content.decode())
        form = {name: unescape(value) for name, value in HIDDEN.findall(answer.content.decode())}
        answer = in_turn(sale, client=client, **form)
    assert answer.status_code == 303
    assert Order.objects.get().total_minor == costs


def test_words_about_what_is_left_are_honest() -> None:
    sale = sale_of(units=1)
    assert "1 of 1 left" in page(sale)
    order_flash(sale, "ann@example.com")
    assert "may come back" in page(sale)
    refused = post(sale, "ben@example.com")
    assert refused.status_code == 409
    assert "1 may come back" in refused.content.decode()


def test_what_is_wrong_with_the_form_is_said_beside_it() -> None:
    sale = sale_of()
    answer = post(sale, contact="nobody")
    assert answer.status_code == 422
    assert 'value="nobody"' in answer.content.decode()


def test_people_are_let_in_one_after_another() -> None:
    sale = sale_of(units=5, admit_per_second=1)
    assert post(sale, "first@example.com").status_code == 303
    waits = post(sale, "second@example.com")
    assert waits.status_code == 200
    text = waits.content.decode()
    assert "You are in line" in text
    assert "ahead of you" in text
    assert 'name="contact" value="second@example.com"' in text
    assert Order.objects.count() == 1


def stand(sale: FlashSale, form: str, now: datetime, ticket: str = "") -> Place:
    place = admit_flash(sale=sale, form_token=form * 22, ticket=ticket, now=now, units=9)
    assert place is not None
    return place


def test_a_ticket_is_for_one_form_and_its_moment() -> None:
    sale = sale_of(admit_per_second=1)
    now = clock.now()
    first, second = stand(sale, "a", now), stand(sale, "b", now)
    assert first.is_in
    assert (second.is_in, second.ahead) == (False, 1)
    later = second.turn + timedelta(milliseconds=1)
    assert stand(sale, "b", later, second.ticket).is_in
    assert stand(sale, "c", later, second.ticket).ticket != second.ticket
    assert stand(sale, "b", now, "x.y").turn > second.turn


def test_a_line_with_no_chance_left_is_refused_at_its_end_and_grows_no_longer() -> None:
    sale = sale_of(units=1, admit_per_second=1)
    now = clock.now()
    most = PER_UNIT + ALWAYS

    def places(coming: int) -> list[bool]:
        return [
            admit_flash(sale=sale, form_token=new_token(), ticket="", now=now, units=1) is not None
            for _ in range(coming)
        ]

    assert places(most + 4) == [True] * (most + 1) + [False] * 3
    assert places(1) == [False]
    refused = post(sale, "late@example.com")
    assert refused.status_code == 409
    assert "The line is full" in refused.content.decode()
    later = now + timedelta(seconds=2)
    assert admit_flash(sale=sale, form_token=new_token(), ticket="", now=later, units=1)


def test_a_slow_host_lets_fewer_in_and_recovers() -> None:
    assert PACE.per_second(50) == 50
    for _ in range(30):
        PACE.took(0.1)
    assert PACE.per_second(50) == pytest.approx(PACE.share / 0.1, rel=0.01)
    for _ in range(30):
        PACE.took(60.0)
    assert PACE.per_second(50) == PACE.least
    for _ in range(80):
        PACE.took(0.001)
    assert PACE.per_second(50) == 50


def test_one_placing_at_a_time_leaves_a_thread_for_others() -> None:
    sale = sale_of()
    with PACE.turn() as mine:
        assert mine
        waits = post(sale)
    assert waits.status_code == 200
    assert "You are in line" in waits.content.decode()
    assert Order.objects.count() == 0
    assert in_turn(sale).status_code == 303


def test_a_unit_whose_time_to_pay_is_over_is_the_next_buyers_without_any_sweeper() -> None:
    sale = sale_of(units=1, hold_seconds=30)
    first = order_flash(sale, "ann@example.com", now=clock.now() - timedelta(seconds=31))
    assert "1 of 1 left" in page(sale)
    assert post(sale, "ben@example.com").status_code == 303
    first.refresh_from_db()
    assert first.state == "closed"
    assert FlashUnit.objects.get(sale=sale).order_id != first.pk


def test_nobody_is_sent_away_once_an_unpaid_units_time_is_over() -> None:
    """What is left is remembered for a moment, and a page for a little longer: never past that time."""
    sale = sale_of(units=1, hold_seconds=30)
    order = order_flash(sale, "ann@example.com", now=clock.now() - timedelta(seconds=27))
    visitor, path = Client(headers={"accept-language": "en"}), f"/flash/{sale.slug}/"
    assert flash.left(sale.pk, clock.now()).free == 0
    assert flash.left(sale.pk, order.expires_at + timedelta(milliseconds=1)).free == 1
    flash.forget()
    assert "may come back" in visitor.get(path).content.decode()
    while clock.now() < order.expires_at:
        visitor.get(path)
        time.sleep(0.02)
    assert "1 of 1 left" in visitor.get(path).content.decode()


def test_a_unit_that_somebody_let_go_in_the_meantime_is_worth_another_try(
    app_connection: psycopg.Connection,
) -> None:
    sale = sale_of(units=1)
    # Somebody is about to take it, and then does not.
    with app_connection.transaction():
        app_connection.execute("select id from orders_flashunit for update")
        assert "You are in line" in post(sale).content.decode()
    assert in_turn(sale).status_code == 303


def test_shared_answers_carry_nothing_of_whoever_came_first() -> None:
    """The same bytes for all but the token against forgery, which is each visitor's own."""
    sale = sale_of(units=1)
    order_flash(sale, "ann@example.com")
    token = re.compile(r'name="csrfmiddlewaretoken" value="([^"]*)"')
    tokens = []
    for name in ("ben", "cid"):
        client = Client(headers={"accept-language": "en"}, enforce_csrf_checks=True)
        shown = client.get("/").content.decode()
        form = {"csrfmiddlewaretoken": token.findall(shown)[0]}
        refused = client.post(f"/flash/{sale.slug}/order/", form | {"contact": f"{name}@x.org"})
        assert refused.status_code == 409
        text = refused.content.decode()
        assert not any(mark in text for mark in flash_line.MARKS.values())
        tokens += token.findall(text)[:1]
    assert len(flash_line._kept) == 1
    assert len(set(tokens)) == 2


def test_without_valkey_the_line_is_kept_by_the_process(settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    turns._script.cache_clear()
    try:
        now = clock.now()
        moments = [turns.take_turn("alone", per_second=10, now=now) for _ in range(3)]
    finally:
        turns._script.cache_clear()
    gaps = [round((moment - now).total_seconds(), 3) for moment in moments if moment]
    assert gaps == [0.0, 0.1, 0.2]


def test_the_rail_shows_what_runs_and_nothing_else() -> None:
    client = Client(headers={"accept-language": "en"})
    assert client.get(reverse("orders:flash_rail")).status_code == 204
    sale = sale_of()
    flash.forget()
    text = client.get(reverse("orders:flash_rail"), {"limit": "3"}).content.decode()
    assert f"/flash/{sale.slug}/" in text
    assert client.get(reverse("orders:flash")).status_code == 200
    assert client.get("/flash/nothing/").status_code == 404
