"""The desk of settlement, walked by who may and who may not."""

import pytest
from django.test import Client

from core import clock
from core.reconciliation.values import DAY, day_of
from fulfillment.models import Payout, Supplier
from tests.factories.accounts import make_staff
from tests.factories.fulfillment import make_supplier
from tests.fulfillment.settlement.test_payouts import used
from tests.fulfillment.settlement.test_terms import stock

pytestmark = pytest.mark.django_db


def browser(role: str = "finance") -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_staff(role))
    return client


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
