"""The back office: who may see and do what, and that two persons are two."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from core import approvals, clock
from core.models import Approval, AuditEntry
from fulfillment.trace import chain_of, find_references
from orders.models import Order, Refund
from orders.states import OrderState
from tests.factories.accounts import make_staff
from tests.factories.catalog import make_sku
from tests.factories.orders import make_order, make_paid, notice_body, payment_of, stocked

pytestmark = pytest.mark.django_db
MODELS = ("order", "payment", "notice", "refund", "orderwait", "promotion")


def browser(*roles: str) -> tuple[Client, User]:
    user = make_staff(*roles)
    client = Client()
    client.force_login(user)
    return client, user


@pytest.fixture
def delivered() -> Order:
    order = make_order(stocked(1))
    Client().post(
        "/pay/localpay/notice/", notice_body(payment_of(order)),
        content_type="application/x-www-form-urlencoded",
    )  # fmt: skip
    order.refresh_from_db()
    assert order.state == OrderState.DELIVERED
    return order


def act(client: Client, row: Any, name: str, **data: str) -> Any:
    model = row._meta.model_name
    return client.post(f"/admin/orders/{model}/{row.pk}/{name}/", data)


@pytest.mark.parametrize("role", ["owner", "operator", "support", "finance", "auditor"])
@pytest.mark.parametrize("model", MODELS)
def test_every_role_reads_the_lists(role: str, model: str, delivered: Order) -> None:
    client, _ = browser(role)
    assert client.get(f"/admin/orders/{model}/").status_code == 200


@pytest.mark.parametrize("model", MODELS)
def test_outsiders_are_sent_away(model: str, delivered: Order) -> None:
    assert Client().get(f"/admin/orders/{model}/").status_code == 302


def test_the_order_page_tells_everything(delivered: Order) -> None:
    client, _ = browser("operator")
    url = f"/admin/orders/order/{delivered.pk}/change/"
    page = client.get(url, headers={"Accept-Language": "en"}).content.decode()
    payment = payment_of(delivered)
    for told in (
        delivered.public_id, payment.number, "Genuine · Applied", "Waiting for payment → Paid",
        f"payment.succeeded:{payment.public_id}", "order_obligation", "98.50",
    ):  # fmt: skip
        assert told in page
    assert "SECRET-" not in page
    assert "@example.com" in page
    assert not any(f"buyer{n}@" in page for n in range(200))


def test_pages_of_payment_and_notice(delivered: Order) -> None:
    client, _ = browser("finance")
    payment = payment_of(delivered)
    assert client.get(f"/admin/orders/payment/{payment.pk}/change/").status_code == 200
    notice = payment.notices.get()
    page = client.get(f"/admin/orders/notice/{notice.pk}/change/")
    assert "payment.notice" in page.content.decode()


def test_orders_are_found_by_what_people_have_in_hand() -> None:
    order = make_order(stocked(1), contact="find.me@example.com")
    client, _ = browser("support")
    for asked in (order.public_id, payment_of(order).number, "Find.Me@example.com"):
        assert order.public_id in client.get(f"/admin/orders/order/?q={asked}").content.decode()
    assert (
        order.public_id
        not in client.get("/admin/orders/order/?q=other@example.com").content.decode()
    )


ACTS = {
    # action: (roles that may, form)
    "query": ({"owner", "operator", "finance"}, {}),
    "refund": ({"owner", "operator", "support", "finance"}, {"reason": "x"}),
    "refund-delivered": ({"owner", "operator", "finance"}, {"reason": "x"}),
    "cancel": ({"owner", "operator", "support"}, {"reason": "x"}),
    "resend": ({"owner", "operator", "support"}, {}),
    "fill": ({"owner", "operator"}, {}),
}


@pytest.mark.parametrize("role", ["owner", "operator", "support", "finance", "auditor"])
@pytest.mark.parametrize("name", sorted(ACTS))
def test_acts_are_for_their_roles(role: str, name: str, delivered: Order) -> None:
    client, _ = browser(role)
    may, form = ACTS[name]
    url = f"/admin/orders/order/{delivered.pk}/{name}/"
    expected = {200, 302} if role in may else {403}
    assert client.get(url).status_code in expected
    assert client.post(url, form).status_code in expected


def test_an_operator_cancels_an_unpaid_order() -> None:
    order = make_order(stocked(1))
    client, user = browser("operator")
    assert act(client, order, "cancel", reason="asked by phone").status_code == 302
    order.refresh_from_db()
    assert order.state == OrderState.CLOSED
    entry = AuditEntry.objects.get(tag="order:cancelled")
    assert (entry.by, entry.after) == (user.acting, {"reason": "asked by phone"})


def test_support_refunds_what_is_not_delivered() -> None:
    order = make_paid(make_sku(kind="topup", price_minor=1990))
    client, user = browser("support")
    assert act(client, order, "refund", reason="wrong number").status_code == 302
    refund = Refund.objects.get()
    assert (refund.amount_minor, refund.by, refund.reason) == (1990, user.acting, "wrong number")
    again = act(client, order, "refund", reason="again")
    assert again.status_code == 200
    assert Refund.objects.count() == 1


def test_delivered_goods_are_refunded_by_two(delivered: Order) -> None:
    client, maker = browser("operator")
    act(client, delivered, "refund-delivered", reason="dead code")
    assert not Refund.objects.exists()
    approval = Approval.objects.get(action__startswith="orders.")
    with pytest.raises(approvals.SelfApproval):
        approvals.decide(
            approval_id=approval.public_id, by=maker.public_id, agree=True, now=clock.now()
        )
    checker = make_staff("finance")
    approvals.decide(
        approval_id=approval.public_id, by=checker.public_id, agree=True, now=clock.now()
    )
    refund = Refund.objects.get()
    assert (refund.kind, refund.amount_minor, refund.approval) == (
        "delivered",
        9850,
        approval.public_id,
    )
    assert refund.source_account == "revenue"
    delivered.refresh_from_db()
    assert delivered.lines.get().gone == 1
    act(client, delivered, "refund-delivered", reason="twice")
    assert Approval.objects.filter(action__startswith="orders.").count() == 1


def test_money_is_confirmed_by_hand_by_two() -> None:
    order = make_order(stocked(1))
    client, maker = browser("finance")
    answer = act(client, payment_of(order), "confirm", reference="BANK-77", reason="transfer seen")
    assert answer.status_code == 302
    order.refresh_from_db()
    assert order.state == OrderState.PENDING_PAYMENT
    approval = Approval.objects.get(action__startswith="orders.")
    with pytest.raises(approvals.SelfApproval):
        approvals.decide(
            approval_id=approval.public_id, by=maker.public_id, agree=True, now=clock.now()
        )
    checker = make_staff("operator")
    approvals.decide(
        approval_id=approval.public_id, by=checker.public_id, agree=True, now=clock.now()
    )
    order.refresh_from_db()
    assert order.state == OrderState.DELIVERED
    assert payment_of(order).provider_txn == "manual:BANK-77"
    assert AuditEntry.objects.filter(tag="payment:confirmed_by_hand").count() == 1


def test_an_auditor_cannot_be_the_second_person() -> None:
    order = make_order(stocked(1))
    client, _ = browser("finance")
    act(client, payment_of(order), "confirm", reference="BANK-77", reason="transfer seen")
    approval = Approval.objects.get(action__startswith="orders.")
    with pytest.raises(approvals.NotAllowed):
        approvals.decide(
            approval_id=approval.public_id,
            by=make_staff("auditor").public_id,
            agree=True,
            now=clock.now(),
        )


def test_the_trace_finds_the_chain_by_anything(delivered: Order) -> None:
    payment = payment_of(delivered)
    for asked in (delivered.public_id, payment.public_id, payment.number, payment.provider_txn):
        assert find_references(asked) == [delivered.public_id]
    chain = chain_of(delivered.public_id)
    titles = " ".join(fact.title for fact in chain.facts)
    assert payment.public_id in titles
    assert "SECRET-" not in str(chain)


def test_nothing_is_edited_by_form(delivered: Order) -> None:
    client, _ = browser("owner")
    for model, row in (("order", delivered), ("payment", payment_of(delivered))):
        assert (
            client.post(f"/admin/orders/{model}/{row.pk}/change/", {"state": "closed"}).status_code
            == 403
        )
        assert client.get(f"/admin/orders/{model}/add/").status_code == 403
        assert (
            client.post(f"/admin/orders/{model}/{row.pk}/delete/", {"post": "yes"}).status_code
            == 403
        )
