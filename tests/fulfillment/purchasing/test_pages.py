"""The pages of purchasing: what to buy, the purchase, money in stock; each for who may."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from core import clock
from core.models import AuditEntry
from fulfillment.models import CodeBatch, Purchase, PurchaseSource, SalesOccasion
from fulfillment.purchasing.chart import draw
from fulfillment.queries.restocking import restocks
from fulfillment.queries.stock_money import stock_money
from fulfillment.services.imports.run_import import run_import
from fulfillment.services.purchasing.refresh_forecasts import refresh_forecasts
from tests.factories.accounts import make_staff
from tests.factories.fulfillment import make_file, make_goods, make_stock, make_supplier
from tests.factories.purchasing import make_draft, make_history, make_order, make_source

pytestmark = pytest.mark.usefixtures("committed")
RESTOCK = "admin:fulfillment_restock"


def staff(*roles: str) -> Client:
    browser = Client()
    browser.force_login(make_staff(*roles))
    return browser


@pytest.fixture
def source(committed: None) -> PurchaseSource:
    """A SKU that sells about twenty a day, with nothing in stock and one who sells it."""
    source = make_source(make_goods(), cost_minor=9000)
    make_history(source.sku, [20, 22, 21, None, 24, 26, 25] * 9)
    refresh_forecasts(now=clock.now())
    return source


def test_a_proposal_is_shown_with_its_reasons_and_its_drawing(source: PurchaseSource) -> None:
    make_goods()
    page = staff("operator").get(reverse(RESTOCK))
    text = page.content.decode()
    assert source.sku.code in text
    assert "95" in text
    assert "<polyline" in text
    assert text.count('class="buy-gap"') == 6
    assert page.context["cash"] == [f"¥{page.context['rows'][0]['units'] * 90}.00"]
    assert page.context["without_forecast"] == 1


def test_what_is_ticked_becomes_a_draft(source: PurchaseSource) -> None:
    browser, pk = staff("operator"), source.sku.pk
    answer = browser.post(reverse(RESTOCK), {"buy": [pk], f"units_{pk}": "250"})
    purchase = Purchase.objects.get()
    page = reverse("admin:fulfillment_purchase_change", args=[purchase.pk])
    assert answer["Location"] == page
    assert (purchase.lines.get().units, purchase.lines.get().cost_minor) == (250, 9000)
    assert purchase.lines.get().reasons[0][0] == "fill_up"
    assert browser.get(page).status_code == 200


@pytest.mark.parametrize("units", ["", "0", "-5", "many", "99999999999", "１２"])
def test_a_bad_quantity_drafts_nothing(source: PurchaseSource, units: str) -> None:
    pk = source.sku.pk
    answer = staff("operator").post(
        reverse(RESTOCK), {"buy": [pk], f"units_{pk}": units}, follow=True
    )
    assert answer.status_code == 200
    assert not Purchase.objects.exists()


def test_the_whole_way_on_the_pages(source: PurchaseSource) -> None:
    browser = staff("operator")
    purchase = make_draft(source, 30)
    line, page = purchase.lines.get(), [purchase.pk]
    browser.post(
        reverse("admin:fulfillment_purchase_draft", args=page),
        {f"units_{line.pk}": "40", f"cost_{line.pk}": "88.50"},
    )
    order = reverse("admin:fulfillment_purchase_act", args=[*page, "order"])
    assert browser.get(order).status_code == 200
    browser.post(order, {"paid_from": "bank", "their_no": "K-77"})
    purchase.refresh_from_db()
    assert (purchase.state, purchase.their_no) == ("ordered", "K-77")
    receive = reverse("admin:fulfillment_purchase_receive", args=[line.pk])
    assert "88.50" not in browser.get(receive).content.decode(), "the purchase knows the cost"
    file = SimpleUploadedFile("codes.txt", make_file(38))
    answer = browser.post(receive, {"file": file, "layout": "pair"})
    batch = CodeBatch.objects.get()
    assert answer["Location"].endswith(f"/codebatch/{batch.pk}/change/")
    assert (batch.cost_minor, batch.purchase_line_id) == (8850, line.pk)
    while run_import(batch_id=batch.public_id):
        pass
    complete = reverse("admin:fulfillment_purchase_act", args=[*page, "complete"])
    assert browser.post(complete, {"why": ""}).status_code == 200, "a difference needs a reason"
    browser.post(complete, {"why": "two were misprinted"})
    browser.post(reverse("admin:fulfillment_purchase_act", args=[*page, "close"]))
    purchase.refresh_from_db()
    assert (purchase.state, purchase.difference_why) == ("closed", "two were misprinted")
    shown = browser.get(reverse("admin:fulfillment_purchase_change", args=page)).content.decode()
    assert "-2" in shown
    assert "codes.txt" in shown
    assert AuditEntry.objects.filter(subject=purchase.public_id).count() == 5


def test_who_may_not_buy_sees_and_cannot(source: PurchaseSource) -> None:
    purchase = make_order(source, 5)
    auditor, support = staff("auditor"), staff("support")
    pk = source.sku.pk
    seen = auditor.get(reverse(RESTOCK))
    assert source.sku.code in seen.content.decode()
    assert 'name="buy"' not in seen.content.decode()
    assert auditor.post(reverse(RESTOCK), {"buy": [pk], f"units_{pk}": "5"}).status_code == 403
    for name in ("complete", "cancel"):
        url = reverse("admin:fulfillment_purchase_act", args=[purchase.pk, name])
        assert auditor.post(url, {"why": "x"}).status_code == 403
    receive = reverse("admin:fulfillment_purchase_receive", args=[purchase.lines.get().pk])
    assert auditor.get(receive).status_code == 403
    assert support.get(reverse(RESTOCK)).status_code == 404
    assert support.get(reverse("admin:fulfillment_stock_money")).status_code == 404


def test_an_act_that_makes_no_sense_now_is_not_there(source: PurchaseSource) -> None:
    purchase = make_order(source, 5)
    for name in ("order", "close", "explode"):
        url = reverse("admin:fulfillment_purchase_act", args=[purchase.pk, name])
        assert staff("owner").post(url).status_code == 404


def test_money_in_stock_by_age_and_pace() -> None:
    now = clock.now()
    sku = make_stock(10)
    soon = make_stock(4, expires_on=now.date() + timedelta(days=10))
    CodeBatch.objects.filter(sku=sku).update(created_at=now - timedelta(days=100))
    make_history(sku, [2, None, 2, 2], now=now)
    rows = {row.sku_id: row for row in stock_money(now=now)}
    assert (rows[sku.pk].units, rows[sku.pk].money_minor) == (10, 90_000)
    assert (rows[sku.pk].old_minor, rows[sku.pk].age) == (90_000, 100)
    assert (rows[sku.pk].a_day, rows[sku.pk].turnover_days) == (2.0, 5)
    assert (rows[soon.pk].soon_units, rows[soon.pk].turnover_days) == (4, None)
    page = staff("finance").get(reverse("admin:fulfillment_stock_money"))
    assert page.context["sums"] == [{"money": "¥1260.00", "old": "¥900.00", "soon": "¥360.00"}]


@pytest.mark.parametrize("model", ["purchase", "purchasesource", "salesoccasion"])
def test_the_lists_open(source: PurchaseSource, model: str) -> None:
    make_order(source, 5)
    page = staff("operator").get(reverse(f"admin:fulfillment_{model}_changelist"))
    assert page.status_code == 200
    assert page.context["cl"].result_list


def test_sources_and_occasions_are_kept_with_a_trace(source: PurchaseSource) -> None:
    browser, sku = staff("operator"), make_goods()
    form = {
        "sku": sku.pk, "supplier": make_supplier().pk, "supplier_sku": "A1", "cost_minor": "95.50",
        "lead_days": 2, "review_days": 7, "service_level": 95, "min_units": 10, "pack_units": 10,
        "shelf_days": 0, "active": "on",
    }  # fmt: skip
    browser.post(reverse("admin:fulfillment_purchasesource_add"), form)
    assert PurchaseSource.objects.get(sku=sku).cost_minor == 9550
    form = {
        "key": "promotion", "name": "周年庆", "name_en": "Anniversary", "starts_on": "2026-12-24",
        "ends_on": "2026-12-26", "sku": "",
    }  # fmt: skip
    browser.post(reverse("admin:fulfillment_salesoccasion_add"), form)
    row = SalesOccasion.objects.get(key="promotion")
    assert AuditEntry.objects.filter(subject=f"salesoccasion:{row.pk}").count() == 1
    assert (
        staff("auditor").post(reverse("admin:fulfillment_salesoccasion_add"), form).status_code
        == 403
    )


def test_the_drawing_stays_inside_its_frame(source: PurchaseSource) -> None:
    (row,) = restocks(now=clock.now())
    chart = draw((None, 5, 900, 3), row.outlook)
    points = [
        tuple(map(float, point.split(",")))
        for text in (chart.past, chart.expected, chart.band)
        for point in text.split()
    ]
    assert all(0 <= x <= chart.width and 0 <= y <= chart.height for x, y in points)
    assert len(chart.gaps) == 1
