"""What people see of a balance: on its page, at checkout, in the order; and what staff may do with it."""

import re

import pytest
from django.test import Client

from accounts.models import User
from core import approvals, clock
from core.ids import new_token
from core.masking import mask_mail
from core.models import Approval
from orders.models import Order
from orders.queries.balance import balance_of
from orders.services.balance.correct_balance import (
    CORRECT,
    BadCorrection,
    request_balance_correction,
)
from orders.services.request_refund import request_refund
from tests.factories.accounts import make_staff, make_user
from tests.factories.balance import buy, make_cards, put
from tests.factories.catalog import make_sku
from tests.factories.exchange import made, texts
from tests.factories.orders import item, pay, stocked

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann() -> User:
    return make_user(email="ann@example.com")


@pytest.fixture
def page(ann: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(ann)
    return client


def test_a_card_is_redeemed_on_the_page_and_named_in_the_history(page: Client, ann: User) -> None:
    code = texts(made(make_cards(1, name="中秋礼品卡")))[0]
    said = page.post("/exchange/", {"code": code, "form_token": new_token()})
    assert (said.status_code, said["Location"]) == (303, "/balance/")
    text = page.get("/balance/").content.decode()
    for part in ("¥100.00", "+¥100.00", "Gift card redeemed", "中秋礼品卡"):
        assert part in text


def test_a_guest_is_asked_to_sign_in() -> None:
    assert Client().get("/balance/").status_code == 302


def test_checkout_offers_it_and_says_what_is_left_to_pay(page: Client, ann: User) -> None:
    sku = stocked(2, price_minor=10_000)
    where = f"/checkout/?sku={sku.code}&quantity=1"
    assert b'name="balance"' not in page.get(where).content
    put(ann.public_id, 3000)
    text = page.get(where).content.decode()
    assert 'name="balance" value="3000"' in text
    assert "You have ¥30.00; then ¥70.00 is left to pay." in text
    ticked = page.get(f"{where}&balance=3000").content.decode()
    assert "Pay ¥70.00" in ticked
    fingerprint = re.search(r'name="fingerprint" value="([^"]+)"', ticked)
    key = re.search(r'name="key" value="([^"]+)"', ticked)
    assert fingerprint
    assert key
    form = {
        "sku": sku.code, "quantity": "1", "key": key[1], "fingerprint": fingerprint[1],
        "balance": "3000", "consent": "on", "provider": "localpay",
    }  # fmt: skip
    assert page.post("/orders/place/", form).status_code == 303
    order = Order.objects.get()
    assert order.payments.get().amount_minor == 7000
    text = page.get(f"/orders/{order.public_id}/").content.decode()
    for part in ("¥70.00 to pay", "From your balance", "−¥30.00"):
        assert part in text
    assert "Pay ¥70.00" in page.get(f"/orders/{order.public_id}/pay/").content.decode()


def test_who_spent_it_elsewhere_is_told_and_nothing_is_charged(page: Client, ann: User) -> None:
    sku = stocked(2, price_minor=10_000)
    put(ann.public_id, 3000)
    shown = page.get(f"/checkout/?sku={sku.code}&quantity=1&balance=3000").content.decode()
    buy(ann, 2000, item(sku))
    fingerprint = re.search(r'name="fingerprint" value="([^"]+)"', shown)
    assert fingerprint
    form = {
        "sku": sku.code, "quantity": "1", "key": new_token(), "fingerprint": fingerprint[1],
        "balance": "3000", "consent": "on", "provider": "localpay",
    }  # fmt: skip
    said = page.post("/orders/place/", form)
    assert said.status_code == 422
    assert "Your balance has changed since you looked." in said.content.decode()
    assert 'name="balance" value="1000"' in said.content.decode()
    assert Order.objects.count() == 1


def test_the_bill_says_where_a_refund_went(page: Client, ann: User) -> None:
    put(ann.public_id, 400)
    order = buy(ann, 400, item(make_sku(kind="topup", price_minor=1000, cost_minor=1)))
    pay(order)
    request_refund(order=order.public_id, now=clock.now(), acting="test", reason="test")
    text = page.get(f"/orders/{order.public_id}/").content.decode()
    assert "¥4.00 of it is back on your balance." in text
    assert "¥10.00" in text


def test_two_persons_put_a_balance_right_and_never_below_zero(ann: User) -> None:
    maker, checker = make_staff("finance"), make_staff("finance")

    def correct(amount: int) -> None:
        asked = request_balance_correction(
            owner=ann.public_id, amount_minor=amount, reason="双倍扣款", by=maker.public_id,
            now=clock.now(),
        )  # fmt: skip
        with pytest.raises(approvals.SelfApproval):
            approvals.decide(
                approval_id=asked.public_id, by=maker.public_id, agree=True, now=clock.now()
            )
        approvals.decide(
            approval_id=asked.public_id, by=checker.public_id, agree=True, now=clock.now()
        )

    correct(500)
    correct(-200)
    assert balance_of(ann.public_id) == 300
    with pytest.raises(approvals.StalePayload):
        correct(-301)
    for wrong in (0, 1_000_001, -1_000_001):
        with pytest.raises(BadCorrection):
            correct(wrong)


def test_staff_read_a_persons_balance_and_its_causes(ann: User) -> None:
    put(ann.public_id, 3000)
    buy(ann, 1000, item(stocked(1, price_minor=10_000)))
    desk = Client(headers={"accept-language": "en"})
    desk.force_login(make_staff("finance"))
    listed = desk.get(f"/admin/orders/personbalance/?q={ann.public_id}").content.decode()
    assert "¥20.00" in listed
    found = re.search(r"/admin/orders/personbalance/(\d+)/change/", listed)
    assert found
    shown = desk.get(found[0]).content.decode()
    assert "Used for an order" in shown
    assert "Put right by the shop" in shown
    assert mask_mail(str(ann.email)) in desk.get("/admin/orders/balancepayment/").content.decode()


def test_a_correction_is_typed_in_yuan_with_a_minus_for_what_is_taken(ann: User) -> None:
    put(ann.public_id, 3000)
    desk = Client(headers={"accept-language": "en"})
    desk.force_login(make_staff("finance"))
    url = "/admin/orders/personbalance/correct/"
    typed = {"owner": ann.public_id, "amount_minor": "-12.5", "reason": "paid out at the counter"}
    assert desk.post(url, typed).status_code == 302
    assert Approval.objects.get(action=CORRECT).payload["amount_minor"] == -1250
