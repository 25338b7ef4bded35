"""Routing in the back office: health of suppliers, the order of asking, policies and limits."""

from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from core import clock
from core.models import AuditEntry
from fulfillment.models import RoutePolicy, Supplier, SupplierCircuit
from fulfillment.services.suppliers.save_supplier import switch_supplier
from simulators.process import Simulator
from simulators.supplier_c.script import Supplier as Script
from tests.factories.accounts import make_staff
from tests.factories.supply import BY, advance, connect, drive, make_topup, open_unit
from tests.fulfillment.pages.conftest import script, supplier_c

__all__ = ["script", "supplier_c"]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _quick(settings: Settings) -> None:
    settings.SUPPLY_TIME_SCALE = 0.02


def staff(*roles: str) -> Client:
    browser = Client(headers={"accept-language": "en"})
    browser.force_login(make_staff(*roles))
    return browser


def test_health_says_how_a_supplier_does(supplier_c: Simulator, script: Script) -> None:
    supplier = connect(supplier_c.url)
    sku = make_topup(supplier)
    drive(open_unit(sku))
    script.fault("drop_after", op="order")
    advance(open_unit(sku))
    browser = staff("operator")
    page = browser.get(reverse("admin:fulfillment_supply_health"))
    assert page.status_code == 200
    text = page.content.decode()
    assert 'hx-trigger="every 5s"' in text
    rows = browser.get(reverse("admin:fulfillment_supply_health_rows")).content.decode()
    for word in ("50.0 %", "of 2", "unknown", "Switch off", "go through"):
        assert word in rows, word
    (one,) = page.context["rows"]
    assert one["health"].asked_after == 1
    assert one["health"].p95_ms > 0
    assert "hx-get" not in rows, "only the rows come again"


def test_a_paused_supplier_says_for_how_long(supplier_c: Simulator) -> None:
    supplier = connect(supplier_c.url)
    SupplierCircuit.objects.create(
        supplier=supplier, operation="order", state="open", why="in_a_row", pause_seconds=30,
        until=clock.now().replace(year=clock.now().year + 1),
    )  # fmt: skip
    rows = staff("operator").get(reverse("admin:fulfillment_supply_health_rows"))
    assert "paused" in rows.content.decode()
    assert rows.context["rows"][0]["pause_seconds"] > 1000


def test_switched_off_in_one_click_and_a_yes(supplier_c: Simulator) -> None:
    supplier = connect(supplier_c.url)
    browser = staff("operator")
    rows = browser.get(reverse("admin:fulfillment_supply_health_rows"))
    url = rows.context["rows"][0]["switch"]
    assert "Nothing new is bought here" in browser.get(url).content.decode()
    assert browser.post(url, {"note": "slow"}).status_code == 302
    supplier.refresh_from_db()
    assert supplier.state == "off"
    assert (
        "Switch on" in browser.get(reverse("admin:fulfillment_supply_health_rows")).content.decode()
    )


def test_who_may_not_set_suppliers_up_sees_no_switch(supplier_c: Simulator) -> None:
    connect(supplier_c.url)
    assert staff("support").get(reverse("admin:fulfillment_supply_health")).status_code == 403


def test_the_order_of_asking_with_its_reasons(supplier_c: Simulator) -> None:
    first, second = connect(supplier_c.url, code="one"), connect(supplier_c.url, code="two")
    sku = make_topup(first)
    make_topup(second, sku=sku, supplier_sku="TOPUP-2", position=2)
    browser = staff("operator")
    url = reverse("admin:fulfillment_route", args=[sku.pk])
    page = browser.get(url).content.decode()
    assert page.index("ONE") < page.index("TWO")
    assert "asked first" in page
    switch_supplier(code="one", on=False, by=BY, note="slow", now=clock.now())
    page = browser.get(url).content.decode()
    assert "switched off" in page
    page = browser.get(url, {"paid": "16.00"}).content.decode()
    assert "least margin" in page
    assert "This is not an amount" in browser.get(url, {"paid": "lots"}).content.decode()


def test_a_policy_is_made_changed_and_deleted_with_a_trail(supplier_c: Simulator) -> None:
    sku = make_topup(connect(supplier_c.url))
    browser = staff("owner")
    form = {"sku": sku.pk, "policy": "cheapest", "max_attempts": 2, "margin_floor_minor": "0.50",
            "margin_floor_bp": 0, "price_guard_bp": "", "overflow": "on"}  # fmt: skip
    assert browser.post(reverse("admin:fulfillment_routepolicy_add"), form).status_code == 302
    policy = RoutePolicy.objects.get(sku=sku)
    assert (policy.policy, policy.margin_floor_minor) == ("cheapest", 50)
    change = reverse("admin:fulfillment_routepolicy_change", args=[policy.pk])
    assert browser.get(change).status_code == 200
    assert browser.post(change, {**form, "policy": "fastest"}).status_code == 302
    assert browser.post(change, {**form, "max_attempts": 99}).status_code == 200, "refused"
    delete = reverse("admin:fulfillment_routepolicy_delete", args=[policy.pk])
    assert browser.post(delete, {"post": "yes"}).status_code == 302
    assert not RoutePolicy.objects.exists()
    tags = list(AuditEntry.objects.filter(tag__startswith="route:").values_list("tag", flat=True))
    assert sorted(tags) == ["route:deleted", "route:saved", "route:saved"]


def test_limits_are_set_by_the_act_and_only_within_reason(supplier_c: Simulator) -> None:
    supplier = connect(supplier_c.url)
    url = reverse("admin:fulfillment_supplier_limits", args=[supplier.pk])
    form = {"concurrency": 8, "rate_per_second": "2.5", "call_seconds": 10}
    assert staff("finance").post(url, form).status_code == 403
    browser = staff("operator")
    assert browser.post(url, {**form, "call_seconds": 60}).status_code == 200
    assert browser.post(url, form).status_code == 302
    fresh = Supplier.objects.get(pk=supplier.pk)
    assert (fresh.concurrency, fresh.rate_per_second, fresh.call_seconds) == (8, Decimal("2.5"), 10)
    assert browser.post(url, {**form, "rate_per_second": ""}).status_code == 302
    assert Supplier.objects.get(pk=supplier.pk).rate_per_second is None
    assert AuditEntry.objects.filter(tag="supplier:limits").count() == 2
