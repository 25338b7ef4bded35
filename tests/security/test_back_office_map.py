"""Every address of the back office, walked by people who have no business there."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern

from accounts.models import User
from core.models import Approval, AuditEntry
from tests.factories.accounts import make_staff, make_user
from tests.factories.orders import make_paid, stocked

pytestmark = pytest.mark.django_db
# Pages that only lead on, to a page that checks.
LEAD_ON = ("trace", "connect-new", "import-file", "open-health", "to-restock")
WORDS = {"name": "void", "to": "paused", "answer": "agree", "public_id": "apr_0000000000000000"}
KINDS = ("", "int:", "path:", "slug:", "str:", "pid:")


def filled(pattern: URLPattern, row: object) -> str:
    """An address of that pattern; the empty string for one that is no plain path."""
    route = str(pattern.pattern)
    for name in pattern.pattern.converters:
        for kind in KINDS:
            route = route.replace(f"<{kind}{name}>", WORDS.get(name, str(row)))
    return "" if set("^<(") & set(route) else f"{route} "


def addresses() -> list[str]:
    """Every address under every desk, filled with keys of rows that are there."""
    found = []
    for model, desk in admin.site._registry.items():
        row = model._default_manager.order_by("-pk").values_list("pk", flat=True).first() or 1
        home = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        routes = (filled(each, row) for each in desk.get_urls())
        found += [home + route.strip() for route in routes if route]
    assert len(found) > 150
    return found


@pytest.fixture
def walked() -> list[str]:
    make_paid(stocked(2))
    return addresses()


def roleless() -> User:
    user = make_staff("operator")
    user.staff_roles.all().delete()
    return User.objects.get(pk=user.pk)


@pytest.mark.parametrize("who", ["nobody", "shopper", "roleless"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_no_way_in(who: str, method: str, walked: list[str]) -> None:
    client = Client()
    if who != "nobody":
        client.force_login(make_user(email="a@example.com") if who == "shopper" else roleless())
    trail = AuditEntry.objects.count()
    for address in walked:
        answer = getattr(client, method)(
            address, {"why": "x", "note": "x", "reason": "x", "rows": "1"}
        )
        if answer.status_code == 302 and who == "roleless":
            assert any(word in address for word in LEAD_ON) or answer.url.endswith(
                ("change/", "/admin/")
            ), address
            continue
        assert answer.status_code in (302, 403, 404, 405), (address, answer.status_code)
    assert AuditEntry.objects.count() == trail
    assert not Approval.objects.filter(state="requested").exists()


def test_auditors_look_and_change_nothing(walked: list[str]) -> None:
    """Everything posted everywhere by who may only look: no row of any table of ours changes."""
    client = Client()
    client.force_login(make_staff("auditor"))
    data = {"why": "x", "note": "x", "reason": "x", "rows": "1", "reference": "x", "amount": "1.00",
            "payment_no": "1", "role": "owner", "post": "yes", "action": "delete_selected",
            "_selected_action": "1", "name": "x", "on": "on", "cost": "1", "supplier_reference": "1",
            "code": "x", "dialect": "rest_hmac", "base_url": "https://x.example.com", "key_id": "x",
            "secret": "x", "password": "x", "pattern": "x"}  # fmt: skip
    # Writing that an auditor was there is no change.
    allowed = {"core_auditentry", "django_session", "core_limitcount"}
    tables = {model._meta.db_table for model in apps.get_models()} - allowed
    with CaptureQueriesContext(connection) as captured:
        for address in walked:
            client.post(address, data)
    sent = [query["sql"] for query in captured.captured_queries]
    changes = [sql for sql in sent if sql.startswith(("INSERT", "UPDATE", "DELETE"))]
    assert not [sql for sql in changes if any(f'"{table}"' in sql for table in tables)]
