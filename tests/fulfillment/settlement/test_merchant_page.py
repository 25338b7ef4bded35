"""A merchant's own page: what is owed and paid, the statement as file; and whose eyes it is not for."""

import csv
import io
from decimal import Decimal

import openpyxl
import pytest
from django.test import Client

from core import clock
from core.reconciliation.values import DAY, day_of
from fulfillment.models import Clerk, ClerkRole, Payout, Redemption
from fulfillment.services.settlement.end_payout import confirm_payout
from tests.factories.accounts import make_staff, make_user
from tests.factories.redemption import make_clerk, make_store
from tests.factories.supply import BY
from tests.fulfillment.settlement.test_payouts import agree, propose, used

pytestmark = pytest.mark.django_db
PAGE = "/redeem/account/"


def browser(store: object, role: str) -> Client:
    user = make_user(email=f"m{Clerk.objects.count()}@example.com")
    make_clerk(store, role=role, user=user.public_id)  # type: ignore[arg-type]
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


@pytest.fixture
def theirs() -> Client:
    """A merchant with three uses, of which all are paid."""
    merchant, _clerk, _done = used()
    maker, checker = make_staff("finance").public_id, make_staff("finance").public_id
    agree(propose(maker), checker)
    confirm_payout(payout=Payout.objects.get().public_id, bank_no="B77", by=BY, now=clock.now())
    return browser(merchant.stores.get(), ClerkRole.MERCHANT)


def days() -> dict[str, str]:
    """Yesterday and today, so that midnight may come while the test runs."""
    today = day_of(clock.now())
    return {"from": (today - DAY).isoformat(), "to": today.isoformat()}


def cells(client: Client) -> list[list[str]]:
    raw = client.get(PAGE, {**days(), "as": "csv"}).content.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(raw, newline="")))


def test_the_page_tells_what_was_paid_under_which_number(theirs: Client) -> None:
    page = theirs.get(PAGE, days()).content.decode()
    for said in ("Paid so far", "¥27.00", "B77", "Vouchers used", "Closing"):
        assert said in page
    assert "Nothing was paid out yet" not in page


def test_the_files_add_up_and_name_no_order(theirs: Client) -> None:
    head, opening, *moved, closing = cells(theirs)
    assert (head[5], opening[6], closing[6]) == ("Amount", "0.00", "0.00")
    assert [row[5] for row in moved] == ["9.00", "9.00", "9.00", "-27.00"]
    assert sum(Decimal(row[5]) for row in moved) == 0
    numbers = set(Redemption.objects.values_list("public_id", flat=True))
    assert numbers == {row[2] for row in moved if row[2].startswith("rdm_")}
    assert not [cell for row in moved for cell in row if "ord_" in cell]
    answer = theirs.get(PAGE, {**days(), "as": "xlsx"})
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).worksheets[0]
    rows = list(sheet.iter_rows(values_only=True))
    assert [row[5] for row in rows[2:-1]] == [9, 9, 9, -27]
    assert "attachment" in answer["Content-Disposition"]


def test_another_merchant_sees_nothing_of_it(theirs: Client) -> None:
    other = browser(make_store(), ClerkRole.MERCHANT)
    page = other.get(PAGE).content.decode()
    assert "Nothing was paid out yet" in page
    assert "B77" not in page
    assert [row[-2] for row in cells(other)[1:]] == ["0.00", "0.00"]


@pytest.mark.parametrize("role", [ClerkRole.CLERK, ClerkRole.LEAD])
def test_clerks_do_not_see_the_merchants_money(role: str) -> None:
    client = browser(make_store(), role)
    assert client.get(PAGE).status_code == 403
    assert client.get(PAGE, {"as": "csv"}).status_code == 403
    assert PAGE not in client.get("/redeem/").content.decode()


def test_strangers_sign_in_and_shoppers_are_told() -> None:
    assert Client().get(PAGE)["Location"].startswith("/accounts/login/")
    shopper = Client()
    shopper.force_login(make_user(email="a@example.com"))
    assert shopper.get(PAGE).status_code == 403


def test_a_period_without_sense_is_this_month(theirs: Client) -> None:
    for asked in ({"from": "x", "to": "y"}, {"from": "2026-02-02", "to": "2020-01-01"},
                  {"from": "0001-01-01", "to": "0001-01-01"}, {"from": "9999-12-01", "to": "9999-12-31"}):  # fmt: skip
        assert theirs.get(PAGE, asked).status_code == 200
