"""Setting a supplier up from the command line, and what is refused."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command

from core import approvals, clock, ledger
from core.models import AuditEntry
from fulfillment.models import Supplier, SupplierOffer
from fulfillment.services.suppliers.change_supplier_keys import Wanted, ask_to_change_keys
from fulfillment.services.suppliers.connect_supplier import connect_supplier
from fulfillment.services.suppliers.save_supplier import BadSupplier, save_supplier
from fulfillment.suppliers.registry import NoSuchDialect
from simulators.process import Simulator
from tests.factories.accounts import make_staff
from tests.factories.fulfillment import make_goods

pytestmark = pytest.mark.django_db


def test_the_command_may_run_twice(supplier_c: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    sku = make_goods("topup", cost_minor=1650)
    for part, value in {"URL": supplier_c.url, "KEY": "k1", "SECRET": "a-test-secret"}.items():
        monkeypatch.setenv(f"SUPPLIER_C_{part}", value)
    for _run in range(2):
        call_command("connect_supplier", "c", fund="1000.00", offers=True)
    assert AuditEntry.objects.get(tag="supplier:saved").by == "system"
    monkeypatch.setenv("SUPPLIER_C_SECRET", "another-secret")
    with pytest.raises(CommandError, match="two persons"):
        call_command("connect_supplier", "c")
    assert ledger.balance("supplier_prepaid:c") == 100_000
    offer = SupplierOffer.objects.get(sku=sku)
    assert (offer.supplier_sku, offer.cost_minor, offer.max_cost_minor) == (sku.code, 1650, 1732)


def test_the_command_wants_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUPPLIER_C_URL", raising=False)
    with pytest.raises(CommandError):
        call_command("connect_supplier", "c")


def save(**changes: str) -> Supplier:
    values: dict[str, Any] = {"code": "c", "name": "C", "dialect": "rest_hmac", "base_url": "https://c.example",
              "key_id": "k1", "secret": "one", **changes}  # fmt: skip
    return save_supplier(by="user:usr_X", now=clock.now(), **values)


def change(*, key_id: str = "", secret: str = "", base_url: str = "https://c.example") -> None:
    """As two persons do it."""
    one, two = make_staff("operator"), make_staff("operator")
    asked = ask_to_change_keys(
        code="c", wanted=Wanted("C", "rest_hmac", base_url, key_id, secret), by=one.public_id,
        reason="turn", now=clock.now(),
    )  # fmt: skip
    approvals.decide(approval_id=asked.public_id, by=two.public_id, agree=True, now=clock.now())


def test_plain_http_only_on_this_machine() -> None:
    with pytest.raises(BadSupplier):
        save(base_url="http://c.example")
    with pytest.raises(NoSuchDialect):
        save(dialect="nobody")
    assert not Supplier.objects.exists()


def test_the_key_before_stays_valid_while_they_are_changed() -> None:
    """C21: answers and callbacks under the old key are still believed."""
    save()
    change(key_id="k2", secret="two")
    link = connect_supplier(Supplier.objects.get())
    assert (link.connection.key_id, dict(link.connection.keys)) == (
        "k2",
        {"k1": "one", "k2": "two"},
    )
    change(key_id="k3", secret="three")
    assert set(connect_supplier(Supplier.objects.get()).connection.keys) == {"k2", "k3"}
    change(base_url="https://new.example")
    assert connect_supplier(Supplier.objects.get()).connection.key_id == "k3"


def test_keys_are_not_printed() -> None:
    link = connect_supplier(save(secret="very-secret"))
    assert "very-secret" not in repr(link)
    assert "very-secret" not in repr(link.connection)
