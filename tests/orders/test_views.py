"""What buyers see and do over HTTP, from the form to the code."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog.models import Sku
from core import clock
from core.crypto import ensure_data_key
from core.ids import new_token
from core.models import AuditEntry
from fulfillment.models import CodeReveal
from orders.models import CartLine, Order
from orders.services.close_order import cancel_order
from orders.states import OrderState
from tests.factories.accounts import make_user
from tests.factories.catalog import make_price, make_sku
from tests.factories.orders import (
    item,
    notice_body,
    order_of,
    pay,
    payment_of,
    place,
    stocked,
)

pytestmark = pytest.mark.django_db
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def sku() -> Sku:
    ensure_data_key()
    return stocked(3)


def express(sku: Sku, **changes: Any) -> dict[str, Any]:
    """The product page's form."""
    return {
        "sku": sku.code, "quantity": 1, "quoted_minor": 9850, "form_token": new_token(),
        "contact": "buyer@example.com", "consent": "1", **changes,
    }  # fmt: skip


def buy(client: Client, sku: Sku, **changes: Any) -> Order:
    answer = client.post("/orders/place/", express(sku, **changes))
    assert answer.status_code == 303, answer.content.decode()
    return Order.objects.latest("id")


def statements(captured: CaptureQueriesContext) -> list[str]:
    """What was sent to the database, transaction control left out. Prepared ones have no text."""
    control = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK", "SET CONSTRAINTS")
    sent = [q["sql"] or "prepared" for q in captured.captured_queries]
    return [sql for sql in sent if not sql.startswith(control)]


def test_the_whole_road_in_twelve_statements(
    client: Client, sku: Sku, request: pytest.FixtureRequest
) -> None:
    # The process is warm: catalogue, keys, accounts and rules are known, as in a running shop.
    other = stocked(1)
    buy(Client(), other, contact="warm@example.com")
    pay(Order.objects.latest("id"))
    client.get(f"/p/{sku.product.slug}/")
    request.getfixturevalue("warm")
    clock.now()
    with CaptureQueriesContext(connection) as captured:
        client.get(f"/p/{sku.product.slug}/")
        placed = client.post("/orders/place/", express(sku))
    placing = statements(captured)
    assert placed.status_code == 303
    order = Order.objects.latest("id")
    body = notice_body(payment_of(order))
    with CaptureQueriesContext(connection) as captured:
        told = client.post("/pay/localpay/notice/", body, content_type=FORM)
    telling = statements(captured)
    assert told.content == b"success"
    with CaptureQueriesContext(connection) as captured:
        page = client.get(f"/orders/{order.public_id}/")
    showing = statements(captured)
    assert b"SECRET-" in page.content
    # Not the order's: the clock's reading (five times a second in tests), opening the accounts
    # (once in a process, forgotten here because nothing commits), the terms of activation (likewise).
    others = ("core_clockoffset", "core_ledgeraccount", "fulfillment_activationterms")
    counts = [
        len([sql for sql in each if not any(name in sql for name in others)])
        for each in (placing, telling, showing)
    ]
    assert counts[0] <= 4
    assert counts[1] <= 6
    assert counts[2] <= 3
    assert sum(counts) <= 12


def test_a_guest_buys_and_sees_the_code_at_once(client: Client, sku: Sku) -> None:
    answer = client.post("/orders/place/", express(sku))
    assert answer.status_code == 303
    target = urlsplit(answer["Location"])
    asked = parse_qs(target.query)
    order = Order.objects.get()
    assert asked["number"] == [payment_of(order).number]
    assert asked["amount_minor"] == ["9850"]
    pay(order)
    page = client.get(f"/orders/{order.public_id}/")
    assert page.status_code == 200
    assert b"SECRET-" in page.content
    assert "no-store" in page["Cache-Control"]
    assert (
        CodeReveal.objects.count() == AuditEntry.objects.filter(tag="codes:revealed").count() == 1
    )


def test_later_the_code_takes_a_press_of_a_button(client: Client, sku: Sku) -> None:
    order = buy(client, sku)
    pay(order)
    order.refresh_from_db()
    clock.move(31 * 60)
    try:
        page = client.get(f"/orders/{order.public_id}/")
    finally:
        clock.reset()
    assert b"SECRET-" not in page.content
    assert b"/reveal/" in page.content


def test_a_link_shows_the_order_but_no_code_by_itself(client: Client, sku: Sku) -> None:
    placed = place(item(sku))
    pay(order_of(placed))
    answer = client.get(f"/orders/{placed.order}/?t={placed.token}")
    assert (answer.status_code, answer["Location"]) == (302, f"/orders/{placed.order}/")
    page = client.get(f"/orders/{placed.order}/")
    assert page.status_code == 200
    assert b"SECRET-" not in page.content
    shown = client.post(f"/deliveries/{page.context['deliveries'][0].id}/reveal/")
    assert b"SECRET-" in shown.content


@pytest.mark.parametrize("who", ["stranger", "wrong token", "foreign cookie", "other account"])
def test_outsiders_find_nothing(client: Client, sku: Sku, who: str) -> None:
    mine = place(item(sku))
    pay(order_of(mine))
    if who == "wrong token":
        assert client.get(f"/orders/{mine.order}/?t={new_token()}").status_code == 404
    elif who == "foreign cookie":
        buy(client, sku, contact="other@example.com")
    elif who == "other account":
        client.force_login(make_user(email="x@example.com"))
    for path in ("", "status/", "pay/"):
        assert client.get(f"/orders/{mine.order}/{path}").status_code == 404
    for path in ("pay/", "cancel/", "refund/", "attach/"):
        assert client.post(f"/orders/{mine.order}/{path}").status_code == 404
    assert client.get("/orders/ord_0000000000000000/").status_code == 404
    assert client.get(f"/deliveries/{mine.order}/").status_code == 404


def test_a_forged_cookie_opens_nothing(client: Client, sku: Sku) -> None:
    order = buy(client, sku)
    client.cookies["qy_orders"] = client.cookies["qy_orders"].value[:-2] + "xx"
    assert client.get(f"/orders/{order.public_id}/").status_code == 404


def test_its_owner_sees_it_anywhere(sku: Sku) -> None:
    user = make_user(email="me@example.com")
    mine = Client()
    mine.force_login(user)
    order = buy(mine, sku)
    assert (order.user, order.contact_masked) == (user, "m***@example.com")
    pay(order)
    elsewhere = Client()
    elsewhere.force_login(user)
    page = elsewhere.get(f"/orders/{order.public_id}/")
    assert page.status_code == 200
    assert b"SECRET-" not in page.content


def test_a_double_click_makes_one_order(client: Client, sku: Sku) -> None:
    form = express(sku)
    first, second = client.post("/orders/place/", form), client.post("/orders/place/", form)
    assert (first.status_code, second.status_code) == (303, 303)
    order = Order.objects.get()
    assert second["Location"] == f"/orders/{order.public_id}/"


def test_the_same_form_with_another_body_is_422(client: Client, sku: Sku) -> None:
    form = express(sku)
    client.post("/orders/place/", form)
    assert client.post("/orders/place/", form | {"quantity": 2}).status_code == 422
    assert Order.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"consent": ""}, "agree to delivery"),
        ({"contact": "nobody"}, "mobile number or a mail"),
        ({"contact": ""}, "required"),
        ({"quoted_minor": 9800}, "price has changed"),
        ({"quoted_minor": ""}, "price has changed"),
        ({"quantity": 21}, "At most 20"),
        ({"quantity": 4}, "not enough left"),
        ({"form_token": ""}, "used before"),
    ],
)
def test_what_stands_in_the_way_is_said(client: Client, sku: Sku, change: Any, says: str) -> None:
    answer = client.post(
        "/orders/place/", express(sku, **change), headers={"Accept-Language": "en"}
    )
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert not Order.objects.exists()


def test_a_changed_price_asks_for_consent_anew(client: Client, sku: Sku) -> None:
    """What was agreed to was another price: the box is empty again, and nothing is lost of the rest."""
    answer = client.post("/orders/place/", express(sku, quoted_minor=9800))
    assert (answer.status_code, Order.objects.count()) == (422, 0)
    form = answer.context["form"]
    assert not form["consent"].value()
    assert form["contact"].value() == "buyer@example.com"
    told = {"fingerprint": answer.context["quote"]["fingerprint"], "form_token": new_token()}
    again = express(sku, quoted_minor="", **told)
    assert client.post("/orders/place/", again | {"consent": ""}).status_code == 422
    assert client.post("/orders/place/", again).status_code == 303


@pytest.mark.parametrize("quantity", ["0", "-1", "1e2", "0.5", "9" * 30, "NaN", "２"])
def test_absurd_quantities_place_nothing(client: Client, sku: Sku, quantity: str) -> None:
    answer = client.post("/orders/place/", express(sku, quantity=quantity, quoted_minor=9850))
    assert answer.status_code in {303, 422}
    for order in Order.objects.all():
        assert order.units <= 2


def test_extra_fields_change_nothing(client: Client, sku: Sku) -> None:
    order = buy(client, sku, total_minor=1, unit_minor=1, user_id=1, state="paid", owner="usr_X")
    assert (order.total_minor, order.state, order.owner) == (9850, "pending_payment", "")


def test_a_form_without_csrf_is_refused(sku: Sku) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post("/orders/place/", express(sku)).status_code == 403
    assert not Order.objects.exists()


def test_a_cart_of_several_goods_for_several_people_becomes_one_order(
    client: Client, sku: Sku
) -> None:
    topup = make_sku(kind="topup", price_minor=1990)
    for phone in ("13800138000", "13900139000"):
        client.post("/cart/add/", {"sku": topup.code, "quantity": 1, "in_phone": phone})
    client.post("/cart/add/", {"sku": sku.code, "quantity": 2})
    page = client.get("/cart/")
    assert [line.recipient for line in page.context["cart"]["lines"]] == [
        "138****8000", "139****9000", "",
    ]  # fmt: skip
    assert page.context["cart"]["total_minor"] == 2 * 1990 + 2 * 9850
    assert client.cookies["qy_cart"].value == "4"
    assert b"13800138000" not in page.content
    checkout = client.get("/checkout/")
    form = {
        "key": checkout.context["key"], "fingerprint": checkout.context["quote"]["fingerprint"],
        "contact": "13800138000", "consent": "1", "provider": "localpay",
    }  # fmt: skip
    answer = client.post("/orders/place/", form)
    assert answer.status_code == 303
    order = Order.objects.get()
    assert (order.units, order.lines.count(), order.contact_masked) == (4, 3, "138****8000")
    assert not CartLine.objects.exists()


def test_a_price_that_moved_is_shown_before_it_is_charged(client: Client, sku: Sku) -> None:
    client.post("/cart/add/", {"sku": sku.code, "quantity": 1})
    checkout = client.get("/checkout/")
    form = {
        "key": checkout.context["key"], "fingerprint": checkout.context["quote"]["fingerprint"],
        "contact": "13800138000", "consent": "1",
    }  # fmt: skip
    make_price(sku, 9900, starts_at=clock.now())
    again = client.post("/orders/place/", form)
    assert again.status_code == 422
    assert again.context["quote"]["total_minor"] == 9900
    assert not Order.objects.exists()
    form |= {"key": again.context["key"], "fingerprint": again.context["quote"]["fingerprint"]}
    assert client.post("/orders/place/", form).status_code == 303
    assert Order.objects.get().total_minor == 9900


def test_cart_lines_are_changed_and_taken_out(client: Client, sku: Sku) -> None:
    client.post("/cart/add/", {"sku": sku.code, "quantity": 1})
    line = CartLine.objects.get()
    client.post("/cart/update/", {"line": str(line.pk), "quantity": "3"})
    line.refresh_from_db()
    assert line.quantity == 3
    Client().post("/cart/update/", {"line": str(line.pk), "quantity": "0"})
    assert CartLine.objects.exists()
    client.post("/cart/update/", {"line": str(line.pk), "quantity": "0"})
    assert not CartLine.objects.exists()
    client.post("/cart/update/", {"line": "x' or 1=1", "quantity": "1"})


def test_the_pay_page_goes_on_to_the_provider(client: Client, sku: Sku) -> None:
    order = buy(client, sku)
    page = client.get(f"/orders/{order.public_id}/pay/")
    assert page.status_code == 200
    answer = client.post(f"/orders/{order.public_id}/pay/", {"provider": "localpay"})
    assert parse_qs(urlsplit(answer["Location"]).query)["number"] == [payment_of(order).number]
    assert client.post(f"/orders/{order.public_id}/pay/", {"provider": "free"}).status_code == 422
    assert order.payments.count() == 1


def test_a_paid_order_has_no_pay_page(client: Client, sku: Sku) -> None:
    order = buy(client, sku)
    pay(order)
    assert client.get(f"/orders/{order.public_id}/pay/").status_code == 302


def test_coming_back_proves_nothing(client: Client, sku: Sku) -> None:
    order = buy(client, sku)
    answer = client.get(f"/pay/localpay/return/{order.public_id}/?hint=paid&status=SUCCESS")
    assert answer["Location"] == f"/orders/{order.public_id}/?back=1"
    order.refresh_from_db()
    assert order.state == OrderState.PENDING_PAYMENT
    due = payment_of(order).not_before
    assert due is not None
    assert due <= clock.now()


def test_a_stranger_who_knows_the_order_moves_nothing(client: Client, sku: Sku) -> None:
    order = buy(client, sku)
    later = clock.now() + timedelta(minutes=5)
    order.payments.update(not_before=later)
    url = f"/pay/localpay/return/{order.public_id}/?hint=paid"
    assert Client().get(url)["Location"] == f"/orders/{order.public_id}/?back=1"
    assert payment_of(order).not_before == later
    client.get(url)
    due = payment_of(order).not_before
    assert due is not None
    assert due < later


def test_the_live_fragment_moves_with_the_order(client: Client, sku: Sku) -> None:
    order = buy(client, sku)
    page = client.get(f"/orders/{order.public_id}/")
    version = page.context["version"]
    still = client.get(f"/orders/{order.public_id}/status/?seen={version}&n=0")
    assert b"order-hero" not in still.content
    assert b"hx-get" in still.content
    pay(order)
    moved = client.get(f"/orders/{order.public_id}/status/?seen={version}&n=1")
    assert b"order-hero" in moved.content
    assert b"SECRET-" in moved.content
    assert b"hx-get" not in moved.content
    assert CodeReveal.objects.count() == 1


def test_its_buyer_cancels(client: Client, sku: Sku) -> None:
    order = buy(client, sku)
    assert client.post(f"/orders/{order.public_id}/cancel/").status_code == 303
    order.refresh_from_db()
    assert (order.state, order.close_reason) == ("closed", "cancelled")
    assert not cancel_order(order=order.public_id, now=clock.now(), acting="guest")
    # A second click has what it wanted, and says nothing of being too late.
    page = client.post(f"/orders/{order.public_id}/cancel/", follow=True)
    assert list(page.context["messages"]) == []


def test_its_buyer_gives_back_what_is_not_delivered(client: Client) -> None:
    topup = make_sku(kind="topup", price_minor=1990)
    ensure_data_key()
    order = buy(client, topup, quoted_minor=1990, in_phone="13800138000")
    pay(order)
    page = client.get(f"/orders/{order.public_id}/")
    assert page.context["order"]["can_refund"]
    client.post(f"/orders/{order.public_id}/refund/")
    order.refresh_from_db()
    assert (order.state, order.refunds.get().amount_minor) == ("failed", 1990)


def test_a_free_order_needs_no_provider(client: Client) -> None:
    ensure_data_key()
    free = stocked(1, price_minor=0)
    order = buy(client, free, quoted_minor=0)
    order.refresh_from_db()
    assert order.state == OrderState.DELIVERED


def test_a_guest_order_joins_an_account_by_token_and_contact(client: Client, sku: Sku) -> None:
    order = buy(client, sku, contact="me@example.com")
    pay(order)
    client.force_login(make_user(email="other@example.com"))
    assert client.post(f"/orders/{order.public_id}/attach/").status_code == 404
    user = make_user(email="me@example.com")
    stranger = Client()
    stranger.force_login(user)
    assert stranger.post(f"/orders/{order.public_id}/attach/").status_code == 404
    client.force_login(user)
    assert client.post(f"/orders/{order.public_id}/attach/").status_code == 303
    order.refresh_from_db()
    assert (order.user, order.owner) == (user, user.public_id)
    assert stranger.get(f"/orders/{order.public_id}/").status_code == 200


def test_the_cookie_holds_twenty_orders_and_is_not_for_scripts(client: Client) -> None:
    from django.http import HttpResponse
    from django.test import RequestFactory

    from orders.views.proof import COOKIE, MOST_ENTRIES, Entry, entries, remember

    request = RequestFactory().get("/")
    for number in range(30):
        response = HttpResponse()
        remember(request, response, Entry(f"ord_{number:016d}", new_token(), 1, "SECRET12"))
        request.COOKIES[COOKIE] = response.cookies[COOKIE].value
    assert len(response.cookies[COOKIE].value) < 4000
    kept = entries(request)
    assert len(kept) == MOST_ENTRIES
    assert kept[0].order == f"ord_{29:016d}"
    assert response.cookies[COOKIE]["httponly"]
    assert response.cookies[COOKIE]["samesite"] == "Lax"
