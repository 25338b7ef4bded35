"""The desk of settlement, walked by who may and who may not."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from core import clock, ledger
from core.ledger import Line
from core.models import Approval
from core.reconciliation.values import DAY, day_of
from core.tx import step
from fulfillment.models import Payout, Supplier
from fulfillment.services.settlement.propose_payouts import ACTION
from tests.factories.accounts import make_staff, sign_in
from tests.factories.fulfillment import make_supplier
from tests.fulfillment.settlement.test_payouts import used
from tests.fulfillment.settlement.test_terms import stock

pytestmark = pytest.mark.django_db


def browser(role: str = "finance") -> Client:
    return sign_in(Client(headers={"accept-language": "en"}), make_staff(role))


def text(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200, (url, answer.status_code)
    return answer.content.decode()


def test_payouts_from_proposal_to_bank(db: None) -> None:
    yesterday = day_of(clock.now()) - DAY
    used()
    maker, checker = browser(), browser()
    url = "/admin/fulfillment/payout/propose/"
    asked = {"kind": "merchant", "last_day": yesterday.isoformat(), "reason": "October"}
    assert "Nobody was owed anything by then" in maker.post(url, asked).content.decode()
    assert not Payout.objects.exists()
    asked["last_day"] = (yesterday + 2 * DAY).isoformat()
    assert "not over yet" in maker.post(url, asked).content.decode()
    assert "Owed to merchants" in text(checker, "/admin/fulfillment/payout/held/")


def test_a_statement_of_account_as_page_and_file(db: None) -> None:
    supplier, _batch = stock("credit")
    client = browser()
    today = day_of(clock.now())
    days = f"from={today - DAY}&to={today}"
    page = text(client, f"/admin/fulfillment/payout/account/supplier/{supplier.code}/?{days}")
    assert "-¥35.00" in page
    answer = client.get(
        f"/admin/fulfillment/payout/account/supplier/{supplier.code}/?{days}&as=csv"
    )
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert lines[-1].endswith("-35.00,CNY")
    assert client.get("/admin/fulfillment/payout/account/supplier/none/").status_code == 404
    assert (
        browser("support")
        .get(f"/admin/fulfillment/payout/account/supplier/{supplier.code}/")
        .status_code
        == 403
    )


def test_terms_are_changed_from_the_suppliers_page(db: None) -> None:
    supplier = make_supplier()
    client = browser()
    url = f"/admin/fulfillment/supplier/{supplier.pk}/terms/"
    client.post(url, {"terms": "credit", "credit_limit": "500.00"})
    changed = Supplier.objects.get(pk=supplier.pk)
    assert (changed.terms, changed.credit_limit_minor) == ("credit", 50_000)
    assert browser("support").post(url, {"terms": "prepaid"}).status_code == 403


def move(amount_minor: int, debit: str, credit: str) -> None:
    with step():
        ledger.post(
            key=f"test:{debit}:{credit}", kind="test", now=clock.now(),
            lines=(Line(debit, amount_minor), Line(credit, -amount_minor)),
        )  # fmt: skip


def test_whether_the_money_of_others_is_there(db: None) -> None:
    client, url = browser(), "/admin/fulfillment/payout/held/"
    assert "Nothing is owed to anybody" in text(client, url)
    used()
    assert "¥27.00 is missing to pay what is owed to others" in text(client, url)
    move(3000, "psp_clearing:localpay", "revenue")
    page = text(client, url)
    assert "What is owed to others is there; ¥3.00 beyond it is ours" in page
    move(5000, "code_inventory", "bank")
    assert "Compare what is owed with the bank" in text(client, url)
    assert browser("support").get(url).status_code == 403


@pytest.fixture
def next_day(db: None, settings: Any) -> Iterator[None]:
    """Three uses of a voucher, and a day later."""
    used()
    settings.TEST_HOOKS = True
    clock.move(86_400)
    yield
    clock.forget()


def proposed(client: Client) -> Payout:
    asked = {
        "kind": "merchant", "last_day": (day_of(clock.now()) - DAY).isoformat(), "reason": "October",
    }  # fmt: skip
    answer = client.post("/admin/fulfillment/payout/propose/", asked)
    assert answer.status_code == 302, answer.content.decode()
    return Payout.objects.get()


def test_one_proposes_another_agrees_and_the_bank_pays(next_day: None) -> None:
    maker, checker = browser(), browser()
    payout = proposed(maker)
    inbox = f"/admin/core/approval/decide/{Approval.objects.get(action=ACTION).public_id}/agree/"
    maker.post(inbox, {"note": ""})
    payout.refresh_from_db()
    assert payout.state == "proposed", "nobody agrees to their own proposal"
    paid = f"/admin/fulfillment/payout/{payout.pk}/paid/"
    answer = maker.post(paid, {"bank_no": "B1"})
    assert "not agreed on, or has ended" in answer.content.decode()
    checker.post(inbox, {"note": ""})
    payout.refresh_from_db()
    assert (payout.state, payout.amount_minor) == ("approved", 2700)
    assert f"{payout.public_id},{payout.payee}" in text(maker, "/admin/fulfillment/payout/bank/")
    maker.post(paid, {"bank_no": "B1"})
    payout.refresh_from_db()
    assert (payout.state, payout.bank_no, ledger.balance("bank")) == ("paid", "B1", -2700)
    assert payout.public_id not in text(maker, "/admin/fulfillment/payout/bank/")
    page = text(maker, f"/admin/fulfillment/payout/{payout.pk}/change/")
    assert "B1" in page
    assert "¥27.00" in page
    again = maker.post(f"/admin/fulfillment/payout/{payout.pk}/returned/", {"why": "x"})
    assert "not agreed on, or has ended" in again.content.decode()


def test_what_came_back_is_owed_again(next_day: None) -> None:
    maker, checker = browser(), browser()
    payout = proposed(maker)
    inbox = f"/admin/core/approval/decide/{Approval.objects.get(action=ACTION).public_id}/agree/"
    checker.post(inbox, {"note": ""})
    maker.post(f"/admin/fulfillment/payout/{payout.pk}/returned/", {"why": "account closed"})
    payout.refresh_from_db()
    assert (payout.state, ledger.balance("bank")) == ("failed", 0)
    page = text(maker, f"/admin/fulfillment/payout/{payout.pk}/change/")
    assert "account closed" in page


@pytest.mark.parametrize("role", ["support", "operator", "auditor"])
def test_only_finance_pays(next_day: None, role: str) -> None:
    maker, checker, other = browser(), browser(), browser(role)
    payout = proposed(maker)
    asked = Approval.objects.get(action=ACTION)
    ways = ["propose/", f"{payout.pk}/paid/", f"{payout.pk}/returned/"]
    for way in ways:
        for method in (other.get, other.post):
            assert method(f"/admin/fulfillment/payout/{way}").status_code == 403, way
    other.post(f"/admin/core/approval/decide/{asked.public_id}/agree/", {"note": ""})
    asked.refresh_from_db()
    assert asked.state == "requested"
    checker.post(f"/admin/core/approval/decide/{asked.public_id}/agree/", {"note": ""})
    other.post(f"/admin/fulfillment/payout/{payout.pk}/paid/", {"bank_no": "B1"})
    payout.refresh_from_db()
    assert payout.state == "approved"
    sees = other.get("/admin/fulfillment/payout/bank/").status_code
    assert sees == (403 if role == "support" else 200)
