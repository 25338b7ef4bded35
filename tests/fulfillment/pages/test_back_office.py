"""The back office of supply: each page opens for its role, and its acts go through services."""

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from core import clock
from core.models import AuditEntry
from fulfillment.models import Delivery, ManualCase, Supplier, SupplierOffer
from fulfillment.services.reveal import reveal
from simulators.process import Simulator
from simulators.supplier_c.script import Supplier as Script
from tests.factories.accounts import make_staff
from tests.factories.fulfillment import make_goods, make_offer
from tests.factories.supply import PHONE, connect, drive, last_attempt, make_topup, open_unit
from tests.fulfillment.pages.test_goods import buy

pytestmark = pytest.mark.django_db
LISTS = [
    "delivery",
    "attempt",
    "supplierevent",
    "supplier",
    "supplieroffer",
    "manualcase",
    "entitlement",
]


@pytest.fixture(autouse=True)
def _quick(settings: Settings) -> None:
    settings.SUPPLY_TIME_SCALE = 0.02


def staff(*roles: str) -> Client:
    browser = Client()
    browser.force_login(make_staff(*roles))
    return browser


@pytest.fixture
def delivered(supplier_c: Simulator, script: Script) -> Delivery:
    return drive(open_unit(make_topup(connect(supplier_c.url))))


@pytest.mark.parametrize("model", LISTS)
def test_lists_and_details_open(delivered: Delivery, model: str) -> None:
    browser = staff("operator")
    ManualCase.objects.create(delivery=delivered, why="overcharged", opened_at=delivered.created_at)
    answer = browser.get(reverse(f"admin:fulfillment_{model}_changelist"))
    assert answer.status_code == 200
    row = answer.context["cl"].result_list[0]
    assert (
        browser.get(reverse(f"admin:fulfillment_{model}_change", args=[row.pk])).status_code == 200
    )
    assert PHONE.encode() not in answer.content


@pytest.mark.parametrize("queue", ["pending", "unknown", "manual", "failed"])
def test_the_desks(queue: str) -> None:
    drive(open_unit(make_goods("manual")))
    answer = staff("support").get(
        reverse("admin:fulfillment_delivery_changelist"), {"queue": queue}
    )
    assert len(answer.context["cl"].result_list) == (1 if queue == "manual" else 0)


def test_states_are_not_editable(delivered: Delivery) -> None:
    url = reverse("admin:fulfillment_delivery_change", args=[delivered.pk])
    assert staff("owner").post(url, {"state": "failed"}).status_code in (200, 403)
    delivered.refresh_from_db()
    assert delivered.state == "delivered"


def test_a_supplier_is_connected_tried_and_switched(supplier_c: Simulator, script: Script) -> None:
    browser = staff("operator")
    form = {"code": "new", "name": "New", "dialect": "rest_hmac", "base_url": supplier_c.url,
            "key_id": "k1", "secret": "a-test-secret"}  # fmt: skip
    assert browser.post(reverse("admin:fulfillment_connect"), form).status_code == 302
    supplier = Supplier.objects.get(code="new")
    assert b"a-test-secret" not in bytes(supplier.credentials or b"")
    page = browser.get(reverse("admin:fulfillment_supplier_change", args=[supplier.pk]))
    assert b"k1 " in page.content
    assert b"a-test-secret" not in page.content
    tried = browser.post(f"/admin/fulfillment/supplier/{supplier.pk}/test/", follow=True)
    assert "Connected" in tried.content.decode() or "¥" in tried.content.decode()
    browser.post(f"/admin/fulfillment/supplier/{supplier.pk}/switch/", {"note": "slow"})
    supplier.refresh_from_db()
    assert supplier.state == "off"
    tags = set(AuditEntry.objects.values_list("tag", flat=True))
    assert {"supplier:saved", "supplier:tested", "supplier:switched"} <= tags
    assert not any("a-test-secret" in str(entry.after) for entry in AuditEntry.objects.all())


def test_money_is_finances_business(supplier_c: Simulator) -> None:
    supplier = connect(supplier_c.url, prepaid_minor=0)
    url = f"/admin/fulfillment/supplier/{supplier.pk}/fund/"
    form = {"amount": "1000.00", "payment_no": "B77"}
    assert staff("operator").post(url, form).status_code == 403
    finance = staff("finance")
    assert finance.post(url, {**form, "amount": "1e9"}).status_code == 200
    assert finance.post(url, form).status_code == 302
    again = finance.post(url, form)
    assert again.status_code == 200, "the same payment is not booked twice"


@pytest.mark.parametrize("role", ["finance", "auditor"])
def test_the_wrong_role_is_refused_on_the_act_itself(delivered: Delivery, role: str) -> None:
    browser = staff(role)
    case = ManualCase.objects.create(
        delivery=delivered, why="overcharged", opened_at=delivered.created_at
    )
    for url in (
        f"/admin/fulfillment/delivery/{delivered.pk}/retry/",
        f"/admin/fulfillment/manualcase/{case.pk}/propose-delivered/",
        reverse("admin:fulfillment_connect"),
    ):
        assert browser.post(url, {"note": "x"}).status_code == 403


def test_outsiders_see_no_back_office(client: Client, delivered: Delivery) -> None:
    for url in (reverse("admin:fulfillment_trace"), reverse("admin:fulfillment_connect")):
        assert client.get(url).status_code == 302
        assert staff().get(url).status_code in (302, 403)


def test_a_case_is_proposed_from_its_page() -> None:
    unit = drive(open_unit(make_goods("manual")))
    case = ManualCase.objects.get(delivery=unit)
    browser = staff("support")
    answer = browser.post(
        f"/admin/fulfillment/manualcase/{case.pk}/propose-delivered/",
        {"supplier_reference": "by hand", "note": "done at the counter"},
    )
    case.refresh_from_db()
    assert (answer.status_code, case.state, case.verdict) == (302, "proposed", "deliver")


def test_an_open_purchase_is_not_started_over(supplier_c: Simulator, script: Script) -> None:
    unit = open_unit(make_topup(connect(supplier_c.url)))
    script.fault("stuck", op="order", state="SUBMITTED")
    drive(unit, until=lambda one: one.state == "dispatched")
    answer = staff("operator").post(
        f"/admin/fulfillment/delivery/{unit.pk}/retry/", {"note": "hurry"}
    )
    assert answer.status_code == 200
    assert unit.attempts.count() == 1


def test_an_offer_is_made_by_an_operator(supplier_c: Simulator) -> None:
    supplier, sku = connect(supplier_c.url), make_goods("topup")
    answer = staff("operator").post(
        reverse("admin:fulfillment_supplieroffer_add"),
        {"sku": sku.pk, "supplier": supplier.pk, "supplier_sku": "TOPUP-1", "cost_minor": "16.50",
         "max_cost_minor": "17", "position": 1, "weight": 1, "active": "on"},
    )  # fmt: skip
    assert answer.status_code == 302
    offer = SupplierOffer.objects.get(sku=sku)
    assert (offer.cost_minor, offer.max_cost_minor) == (1650, 1700)


def test_an_offer_is_typed_in_its_suppliers_currency(supplier_c: Simulator) -> None:
    supplier, sku = connect(supplier_c.url), make_goods("topup")
    Supplier.objects.filter(pk=supplier.pk).update(currency="JPY")
    browser, where = staff("operator"), reverse("admin:fulfillment_supplieroffer_add")
    form = {"sku": sku.pk, "supplier": supplier.pk, "supplier_sku": "TOPUP-1", "cost_minor": "1650",
            "max_cost_minor": "1700", "position": 1, "weight": 1, "active": "on"}  # fmt: skip
    assert browser.post(where, {**form, "cost_minor": "16.50"}).status_code == 200
    assert browser.post(where, form).status_code == 302
    offer = SupplierOffer.objects.get(sku=sku)
    assert (offer.cost_minor, offer.max_cost_minor) == (1650, 1700)
    page = browser.get(reverse("admin:fulfillment_supplieroffer_change", args=[offer.pk]))
    assert 'value="1650"' in page.content.decode()


def test_an_edited_offer_leaves_who_and_what_it_was(supplier_c: Simulator) -> None:
    supplier, sku = connect(supplier_c.url), make_goods("topup")
    offer = make_offer(sku, supplier, cost_minor=1650, max_cost_minor=1700)
    person = make_staff("operator")
    browser = Client()
    browser.force_login(person)
    form = {"sku": sku.pk, "supplier": supplier.pk, "supplier_sku": offer.supplier_sku,
            "cost_minor": "16.50", "max_cost_minor": "99", "position": 1, "weight": 1, "active": "on"}  # fmt: skip
    url = reverse("admin:fulfillment_supplieroffer_change", args=[offer.pk])
    assert browser.post(url, form).status_code == 302
    offer.refresh_from_db()
    assert offer.max_cost_minor == 9900
    entry = AuditEntry.objects.get(tag="offer:saved")
    assert (entry.by, entry.subject) == (f"user:{person.public_id}", f"offer:{offer.pk}")
    assert entry.before is not None
    assert entry.after is not None
    assert (entry.before["max_cost_minor"], entry.after["max_cost_minor"]) == (1700, 9900)
    assert entry.after["sku"] == sku.code
    assert browser.post(url, form).status_code == 302
    assert AuditEntry.objects.filter(tag="offer:saved").count() == 1, "nothing was changed"


@pytest.mark.parametrize("way", ["page", "list"])
def test_a_deleted_offer_leaves_what_it_was(supplier_c: Simulator, way: str) -> None:
    offer = make_offer(make_goods("topup"), connect(supplier_c.url), max_cost_minor=1700)
    browser = staff("owner")
    if way == "page":
        url = reverse("admin:fulfillment_supplieroffer_delete", args=[offer.pk])
        form = {"post": "yes"}
    else:
        url = reverse("admin:fulfillment_supplieroffer_changelist")
        form = {"action": "delete_selected", "_selected_action": str(offer.pk), "post": "yes"}
    assert browser.post(url, form).status_code == 302
    assert not SupplierOffer.objects.exists()
    entry = AuditEntry.objects.get(tag="offer:deleted")
    assert entry.before is not None
    assert (entry.subject, entry.before["max_cost_minor"]) == (f"offer:{offer.pk}", 1700)


def test_the_connection_is_tried_by_a_press_of_our_own_page(
    supplier_c: Simulator, script: Script
) -> None:
    supplier = connect(supplier_c.url)
    url = f"/admin/fulfillment/supplier/{supplier.pk}/test/"
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(make_staff("operator"))
    page = browser.get(url)
    assert page.status_code == 200
    assert browser.post(url).status_code == 403
    tried = AuditEntry.objects.filter(tag="supplier:tested")
    assert not tried.exists()
    form = {"csrfmiddlewaretoken": str(page.context["csrf_token"])}
    assert browser.post(url, form).status_code == 302
    assert tried.count() == 1


def test_every_id_leads_to_the_chain(
    delivered: Delivery, django_assert_max_num_queries: object
) -> None:
    """F13: reference, delivery, our number, theirs, phone, wallet, journal."""
    attempt, browser = last_attempt(delivered), staff("support")
    url = reverse("admin:fulfillment_trace")
    keys = [
        delivered.reference, delivered.public_id, attempt.number, attempt.supplier_no,
        attempt.public_id, PHONE, f"+86 {PHONE}", delivered.entitlement.public_id,
        f"attempt.sent:{attempt.public_id}",
    ]  # fmt: skip
    for key in keys:
        chain = browser.post(url, {"q": key}).context["chain"]
        assert chain is not None, key
        assert chain.reference == delivered.reference
    stages = {fact.stage for fact in chain.facts}
    assert len(stages) >= 5
    assert not chain.troubles
    with django_assert_max_num_queries(30):  # type: ignore[operator]
        browser.post(url, {"q": delivered.reference})


def test_a_code_leads_to_its_chain_by_number_and_secret_or_by_its_tail() -> None:
    reference = buy("usr_X", 1)
    unit = Delivery.objects.get(reference=reference)
    (code,) = reveal(delivery_id=unit.public_id, by="user:usr_X", ip="", now=clock.now())
    browser, url = staff("support"), reverse("admin:fulfillment_trace")
    for text in (
        f"{code.number} {code.secret}",
        f"{code.number}----{code.secret}",
        code.number[-4:],
    ):
        answer = browser.post(url, {"q": text})
        assert reference in answer.context["references"], text
        assert code.secret.encode() not in answer.content
    stages = [fact.title for fact in browser.post(url, {"q": reference}).context["chain"].facts]
    assert any("bat_" in title for title in stages), "the batch it came from"


def test_a_code_in_the_address_is_not_looked_up() -> None:
    answer = staff("support").get(reverse("admin:fulfillment_trace"), {"q": "6222 SECRET"})
    assert not answer.context["asked"]


def test_a_failure_says_why_and_what_next(supplier_c: Simulator, script: Script) -> None:
    unit = open_unit(make_topup(connect(supplier_c.url)))
    script.fault("reject", op="order", code="OUT_OF_STOCK")
    drive(unit)
    chain = (
        staff("support")
        .post(reverse("admin:fulfillment_trace"), {"q": unit.public_id})
        .context["chain"]
    )
    (trouble,) = chain.troubles
    assert trouble.about == unit.public_id
    assert trouble.cause
    assert trouble.next_action
    assert AuditEntry.objects.filter(tag="trace:read", subject=unit.reference).exists()
