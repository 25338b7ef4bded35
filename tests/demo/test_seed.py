"""The demo fills a shop once, whatever happens, and its people can do their jobs."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from accounts.models import StaffRole, User
from accounts.roles import may
from catalog.models import PageBlock, Sku
from catalog.states import DeliveryKind
from core import ledger
from core.clock import now
from core.crypto import ensure_data_key
from core.invariants import check_all
from demo.balances import WELCOME_MINOR
from demo.history import SOLD, SOURCES
from demo.home import BLOCKS, CAMPAIGN_BLOCKS
from demo.people import CLERKS, SHOPPERS, STAFF, password
from demo.places import CODE_FILES
from demo.supply import FUNDS_MINOR
from fulfillment.models import (
    Clerk,
    Code,
    CodeBatch,
    DailyDemand,
    Edition,
    PurchaseSource,
    Store,
    SupplierOffer,
    VoucherTerms,
)
from orders.models import BuyGroup, GroupSeat
from orders.queries.balance import balance_of

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture(autouse=True)
def _supplier(settings: Any) -> None:
    for letter in "ABC":
        setattr(settings, f"SUPPLIER_{letter}_URL", "http://127.0.0.1:9")
        setattr(settings, f"SUPPLIER_{letter}_KEY", "k1")
        setattr(settings, f"SUPPLIER_{letter}_SECRET", "a-test-secret-of-32-characters-x")


def counts() -> tuple[int, ...]:
    models = (
        Sku, CodeBatch, Code, SupplierOffer, User, StaffRole, PageBlock, Store, Clerk, VoucherTerms,
        DailyDemand, PurchaseSource, GroupSeat,
    )  # fmt: skip
    return tuple(model.objects.count() for model in models)


def test_filling_twice_is_filling_once() -> None:
    ensure_data_key()
    said = StringIO()
    call_command("seed_demo", stdout=said)
    first = counts()
    assert "NE-CARD-50.dirty.txt: 300 accepted" in said.getvalue()
    assert first[1] == len(CODE_FILES)
    assert first[4] == len(STAFF) + len(SHOPPERS) + len(CLERKS)
    assert first[6] == len(BLOCKS) + len(CAMPAIGN_BLOCKS)
    assert DailyDemand.objects.values("sku").distinct().count() == len(SOLD)
    assert PurchaseSource.objects.count() == len(SOLD) * len(SOURCES)
    call_command("seed_demo", stdout=StringIO())
    assert counts() == first
    for code in "abc":
        assert ledger.balance(f"supplier_prepaid:{code}") == FUNDS_MINOR
    gold = SupplierOffer.objects.filter(sku__code="IQY-GOLD-M").order_by("position")
    assert list(gold.values_list("supplier__code", "position", "cost_minor")) == [
        ("c", 1, 1650), ("a", 2, 1617), ("b", 3, 1699),
    ]  # fmt: skip
    assert check_all(now=now()) == []
    _people()
    _tills()
    _group()


def _group() -> None:
    """Two sit in a group that lasts, and have paid: one more buyer completes it."""
    group = BuyGroup.objects.get()
    assert (group.state, group.size, group.taken, group.paid) == ("open", 3, 2, 2)
    assert group.deadline > now() + timedelta(days=2)
    lin = User.objects.get(email=SHOPPERS[0].email)
    assert balance_of(lin.public_id) == WELCOME_MINOR


def _tills() -> None:
    """Every voucher of the demo can be used somewhere, and somebody can scan it."""
    vouchers = Sku.objects.filter(product__product_type__delivery_kind=DeliveryKind.VOUCHER)
    assert vouchers.exists()
    assert not vouchers.filter(voucher_terms__places=None).exists()
    assert not vouchers.exclude(product__state="on_sale").exists()
    assert Clerk.objects.count() == 4
    assert VoucherTerms.objects.get(sku__code="WASH-10").uses_total == 10
    assert Edition.objects.get(sku__code="PIANO-GALA").size == 100
    assert VoucherTerms.objects.get(sku__code="KFC-50").amount_minor == 5000


def _people() -> None:
    for person in STAFF:
        user = User.objects.get(email=person.email)
        assert user.check_password(password("staff"))
        assert user.role_names == {person.role}
    by = {person.role: User.objects.get(email=person.email) for person in STAFF}
    assert may(by["operator"], "codes.import")
    assert not may(by["auditor"], "codes.import")
    told = StringIO()
    call_command("demo_accounts", stdout=told)
    assert all(person.sign_in in told.getvalue() for person in (*STAFF, *SHOPPERS))
    digits = StringIO()
    call_command("demo_accounts", "--code", stdout=digits)
    assert len(digits.getvalue().strip()) == 6
