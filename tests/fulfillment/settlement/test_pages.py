"""The desks of reconciliation and settlement, walked by who may and who may not."""

from datetime import timedelta

import pytest
from django.test import Client

from core import clock
from core.models import Approval, Comparison, Difference, Statement
from core.reconciliation.runs import take_statement
from core.reconciliation.values import DAY, day_bounds, day_of
from fulfillment.models import Payout, Supplier
from fulfillment.reconciliation import files
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


@pytest.fixture
def broken(db: None) -> Comparison:
    """A supplier whose statement charges what we never ordered."""
    supplier = make_supplier(code="paper")
    day = day_of(clock.now()) - DAY
    noon = day_bounds(day)[0] + timedelta(hours=12)
    raw = ",".join(files.HEADER) + f"\nORDER,T1,N1,S,1,-16.50,CNY,,{noon.isoformat()}\n"
    take_statement(
        name="supplier", party=f"supplier:{supplier.code}", day=day, raw=raw.encode(), by="user:x",
        now=clock.now(),
    )  # fmt: skip
    return Comparison.objects.get(party="supplier:paper")


def test_the_page_of_a_day_says_what_is_open(broken: Comparison) -> None:
    page = text(browser(), f"/admin/core/comparison/?day={broken.day.isoformat()}")
    assert "1 difference is open" in page
    assert "Supplier" in page or "paper" in page.lower()


def test_a_day_of_which_nothing_is_known_is_not_called_matched(db: None) -> None:
    page = text(browser(), "/admin/core/comparison/?day=2026-01-05")
    assert "still to come" in page
    assert "Everything matched" not in page


def test_a_difference_is_taken_and_closed_from_its_page(broken: Comparison) -> None:
    case = Difference.objects.get()
    client = browser()
    page = text(client, f"/admin/core/difference/{case.pk}/change/")
    assert "-¥16.50" in page
    assert "They charged what we never ordered" in page
    client.post(f"/admin/core/difference/{case.pk}/take/", {})
    case.refresh_from_db()
    assert case.owner
    client.post(f"/admin/core/difference/{case.pk}/explain/", {"reason": "their test order"})
    case.refresh_from_db()
    assert (case.state, case.closing, case.reason) == ("closed", "explained", "their test order")
    page = text(client, f"/admin/core/comparison/?day={broken.day.isoformat()}")
    assert "all settled" in page


def test_a_correction_goes_to_the_inbox_of_another(broken: Comparison) -> None:
    case = Difference.objects.get()
    client = browser()
    url = f"/admin/core/difference/{case.pk}/correct/"
    assert "Book it as a loss with this supplier" in text(client, url)
    client.post(url, {"correction": "loss_supplier", "reason": "they insist"})
    case.refresh_from_db()
    assert case.state == "proposed"
    asked = Approval.objects.get(action="books.correct")
    assert [leg["amount"] for leg in asked.payload["lines"]] == [-1650, 1650]


def test_who_may_only_look_closes_nothing(broken: Comparison) -> None:
    case = Difference.objects.get()
    client = browser("auditor")
    text(client, f"/admin/core/difference/{case.pk}/change/")
    for act in ("take", "explain", "correct"):
        answer = client.post(
            f"/admin/core/difference/{case.pk}/{act}/",
            {"reason": "x", "correction": "loss_supplier"},
        )
        assert answer.status_code == 403
    case.refresh_from_db()
    assert (case.state, case.owner) == ("open", "")


def test_lists_of_differences_statements_and_lines(broken: Comparison) -> None:
    client = browser()
    assert "They have it, we do not" in text(client, "/admin/core/difference/?owner=nobody")
    statement = Statement.objects.get()
    assert "paper" in text(client, "/admin/core/statement/")
    text(client, f"/admin/core/statement/{statement.pk}/change/")
    assert "N1" in text(client, f"/admin/core/statementline/?statement__id__exact={statement.pk}")
    file = client.get(f"/admin/core/statement/{statement.pk}/file/")
    assert file.content.startswith(b"type,id,")
    assert "attachment" in file["Content-Disposition"]


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
