"""Alerts open when something becomes true and close when it is over; one open per kind and subject."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from core import clock
from fulfillment.models import Alert, Code, Purchase, SupplierOffer, SupplierSync
from fulfillment.services.purchasing.fund_supplier import fund_supplier
from fulfillment.services.purchasing.refresh_forecasts import refresh_forecasts
from fulfillment.services.suppliers.watch_alerts import LOOKS, watch_alerts
from tests.factories.accounts import make_staff
from tests.factories.fulfillment import make_goods, make_offer, make_stock, make_supplier
from tests.factories.purchasing import make_history, make_order, make_source
from tests.factories.syncing import item, read_whole, set_sale_price
from tests.races.crowd import crowd

pytestmark = pytest.mark.usefixtures("committed")


def open_kinds() -> list[str]:
    rows = Alert.objects.filter(closed_at__isnull=True).order_by("kind")
    return list(rows.values_list("kind", flat=True))


def test_an_empty_shop_has_none() -> None:
    assert watch_alerts(now=clock.now()) == (0, 0)


def test_stock_that_may_be_gone_opens_and_a_delivery_closes() -> None:
    sku = make_stock(3)
    make_source(sku, lead_days=2)
    make_history(sku, [6, 7, 6, 7, 8, 9, 8] * 9)
    refresh_forecasts(now=clock.now())
    assert watch_alerts(now=clock.now()) == (1, 0)
    alert = Alert.objects.get()
    assert (alert.kind, alert.subject) == ("runs_out", f"sku:{sku.code}")
    assert alert.facts["free"] == 3
    assert watch_alerts(now=clock.now()) == (0, 0), "one look more opens nothing"
    make_stock(300, sku=sku)
    assert watch_alerts(now=clock.now()) == (0, 1)
    alert.refresh_from_db()
    assert alert.closed_at is not None


def test_codes_that_expire_unsold() -> None:
    sku = make_stock(50, expires_on=(clock.now() + timedelta(days=5)).date())
    watch_alerts(now=clock.now())
    assert open_kinds() == ["expiring"]
    Code.objects.filter(sku=sku).update(state="void")
    watch_alerts(now=clock.now())
    assert open_kinds() == []


def test_money_at_a_supplier() -> None:
    supplier = make_supplier(dialect="rest_hmac")
    watch_alerts(now=clock.now())
    assert open_kinds() == ["low_balance"]
    fund_supplier(
        supplier_code=supplier.code, amount_minor=500_00, payment_no="B9", by="user:usr_TEST",
        now=clock.now(),
    )  # fmt: skip
    watch_alerts(now=clock.now())
    assert open_kinds() == []
    SupplierSync.objects.create(supplier=supplier, balance_minor=10_00, balance_at=clock.now())
    watch_alerts(now=clock.now())
    assert open_kinds() == ["low_balance"], "what the supplier says counts when it is less"


def test_offers_that_are_gone_or_too_dear() -> None:
    supplier = make_supplier(dialect="rest_hmac")
    fund_supplier(
        supplier_code=supplier.code, amount_minor=500_00, payment_no="B9", by="user:usr_TEST",
        now=clock.now(),
    )  # fmt: skip
    sku = make_goods("topup", cost_minor=1650)
    set_sale_price(sku, 1990)
    make_offer(sku, supplier, supplier_sku="X1", cost_minor=1650, max_cost_minor=1700)
    read_whole(supplier, [item("X1", 2500)])
    watch_alerts(now=clock.now())
    assert open_kinds() == ["cost_above_price"]
    read_whole(supplier, [item("X1", 1650, on_sale=False)])
    watch_alerts(now=clock.now())
    assert open_kinds() == ["offer_gone"]
    SupplierOffer.objects.update(active=False)
    watch_alerts(now=clock.now())
    assert open_kinds() == []
    assert Alert.objects.count() == 2


def test_late_purchases_and_lists_not_read(settings: Any) -> None:
    source = make_source(make_goods())
    purchase = make_order(source, 5)
    late = clock.now() + timedelta(days=9)
    SupplierSync.objects.create(supplier=source.supplier, whole_at=clock.now(), problem="http_500")
    watch_alerts(now=late)
    assert open_kinds() == ["late_purchase", "sync_stale"]
    Purchase.objects.filter(pk=purchase.pk).update(state="canceled", closed_at=late)
    SupplierSync.objects.update(whole_at=late)
    watch_alerts(now=late)
    assert open_kinds() == []


def test_a_list_that_could_never_be_read() -> None:
    supplier = make_supplier(dialect="rest_hmac")
    row = SupplierSync.objects.create(supplier=supplier, problem="http_401", tries=3)
    watch_alerts(now=clock.now())
    assert open_kinds() == ["low_balance"], "a few tries are no news"
    SupplierSync.objects.filter(pk=row.pk).update(tries=4)
    watch_alerts(now=clock.now())
    assert open_kinds() == ["low_balance", "sync_stale"]


def test_many_looks_at_once_open_it_once() -> None:
    make_supplier(dialect="rest_hmac")
    crowd(lambda _n: watch_alerts(now=clock.now()), range(12), threads=12)
    assert Alert.objects.count() == 1


def test_every_kind_has_a_look_and_words() -> None:
    from fulfillment.admin.alert_words import SENTENCES

    assert set(LOOKS) == set(Alert.Kind.values) == set(SENTENCES)


def test_the_list_and_the_first_page_show_them() -> None:
    supplier = make_supplier(dialect="rest_hmac", name="速充云")
    watch_alerts(now=clock.now())
    browser = Client()
    browser.force_login(make_staff("operator"))
    page = browser.get(reverse("admin:fulfillment_alert_changelist"))
    assert "速充云" in page.content.decode()
    assert reverse("admin:fulfillment_supplier_change", args=[supplier.pk]) in page.content.decode()
    assert "速充云" in browser.get(reverse("admin:index")).content.decode()
    detail = reverse("admin:fulfillment_alert_change", args=[Alert.objects.get().pk])
    assert browser.get(detail).status_code == 200
