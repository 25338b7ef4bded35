"""The desk of reconciliation: a day at a glance, cases with owner and age, closing with a reason."""

from datetime import timedelta

import pytest
from django.utils import timezone

from core import clock
from core.models import Approval, Comparison, Difference, Statement
from core.reconciliation.runs import RUNS, take_statement
from core.reconciliation.values import DAY, day_bounds, day_of
from fulfillment.reconciliation import files
from fulfillment.services.purchasing.fund_supplier import fund_supplier
from tests.factories.fulfillment import make_supplier
from tests.fulfillment.settlement.test_pages import browser, text

pytestmark = pytest.mark.django_db


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


def test_a_case_is_listed_with_kind_owner_and_age(broken: Comparison) -> None:
    case, client = Difference.objects.get(), browser()
    Difference.objects.update(opened_at=clock.now() - timedelta(hours=3, minutes=1))
    page = text(client, "/admin/core/difference/?owner=nobody")
    for said in (
        "They have it, we do not",
        "nobody yet",
        "3\xa0hours",
        "supplier:paper",
        "-¥16.50",
    ):
        assert said in page, said
    client.post(f"/admin/core/difference/{case.pk}/take/", {})
    assert "order N1" not in text(client, "/admin/core/difference/?owner=nobody")
    assert "order N1" in text(client, "/admin/core/difference/?owner=me")
    assert "order N1" not in text(browser(), "/admin/core/difference/?owner=me")


@pytest.mark.parametrize("reason", ["", "   "])
def test_nothing_closes_without_a_reason(broken: Comparison, reason: str) -> None:
    case, client = Difference.objects.get(), browser()
    for act, also in (("explain", {}), ("correct", {"correction": "loss_supplier"})):
        answer = client.post(f"/admin/core/difference/{case.pk}/{act}/", {"reason": reason, **also})
        assert answer.status_code == 200
        assert "This field is required" in answer.content.decode()
    case.refresh_from_db()
    assert (case.state, case.closing) == ("open", "")
    assert not Approval.objects.filter(action="books.correct").exists()


def test_what_is_closed_stays_closed(broken: Comparison) -> None:
    case, client = Difference.objects.get(), browser()
    url = f"/admin/core/difference/{case.pk}/explain/"
    client.post(url, {"reason": "their test order"})
    answer = client.post(url, {"reason": "another thought"})
    assert "It is closed, or waits for its second person" in answer.content.decode()
    case.refresh_from_db()
    assert case.reason == "their test order"


def test_who_asked_for_a_correction_does_not_agree_to_it(broken: Comparison) -> None:
    case, client = Difference.objects.get(), browser()
    fund_supplier(
        supplier_code="paper", amount_minor=5000, payment_no="B1", by="user:x", now=clock.now()
    )
    client.post(
        f"/admin/core/difference/{case.pk}/correct/",
        {"correction": "loss_supplier", "reason": "they insist"},
    )
    asked = Approval.objects.get(action="books.correct")
    url = f"/admin/core/approval/decide/{asked.public_id}/agree/"
    client.post(url, {"note": ""})
    asked.refresh_from_db()
    case.refresh_from_db()
    assert (asked.state, case.state) == ("requested", "proposed")
    browser().post(url, {"note": ""})
    asked.refresh_from_db()
    case.refresh_from_db()
    assert (asked.state, case.state, case.closing) == ("executed", "closed", "corrected")


def test_a_day_on_which_everything_matched_says_so(db: None) -> None:
    make_supplier(code="paper")
    day = day_of(clock.now()) - 2 * DAY
    for run in RUNS:
        for party in run.parties():
            Comparison.objects.create(
                name=run.name, party=party.code, day=day, state="matched", runs=1,
                ran_at=timezone.now(), seconds=0,
            )  # fmt: skip
    page = text(browser(), f"/admin/core/comparison/?day={day.isoformat()}")
    assert "Everything matched" in page
    assert "books-grave" not in page


def test_support_sees_nothing_of_the_books(broken: Comparison) -> None:
    case, statement = Difference.objects.get(), Statement.objects.get()
    client = browser("support")
    day = broken.day.isoformat()
    for url in (
        "/admin/core/comparison/", "/admin/core/difference/", "/admin/core/statement/",
        f"/admin/core/difference/{case.pk}/change/", f"/admin/core/statement/{statement.pk}/file/",
        "/admin/core/comparison/upload/",
        f"/admin/core/comparison/again/supplier/supplier:paper/{day}/",
    ):  # fmt: skip
        assert client.get(url).status_code == 403, url
    client.post(f"/admin/core/difference/{case.pk}/explain/", {"reason": "x"})
    case.refresh_from_db()
    assert case.state == "open"
