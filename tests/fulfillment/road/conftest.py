"""A connected supplier and quick clocks."""

from typing import Any

import pytest
from pytest_django import Settings

from core import clock, invariants, ledger
from core.models import OutboxEvent
from fulfillment.models import Supplier
from simulators.process import Simulator
from tests.factories.supply import connect
from tests.fulfillment.simulated import script, supplier_c

__all__ = ["script", "supplier_c"]


@pytest.fixture(autouse=True)
def _quick(settings: Settings) -> None:
    settings.SUPPLY_TIME_SCALE = 0.02


@pytest.fixture
def supplier(supplier_c: Simulator, db: None) -> Supplier:
    return connect(supplier_c.url)


@pytest.fixture
def standing(supplier_c: Simulator, committed: None) -> Supplier:
    """The same, really committed: for threads and processes."""
    return connect(supplier_c.url)


def books(supplier: Supplier) -> dict[str, int]:
    """The supplier's accounts and the cost of goods, in minor units."""
    heads = ("supplier_prepaid", "supplier_suspense")
    found = {head: ledger.balance(f"{head}:{supplier.code}") for head in heads}
    return {**found, "cogs": ledger.balance("cogs"), "loss": ledger.balance("loss_supplier")}


def told(name: str) -> list[dict[str, Any]]:
    """Payloads of the facts published under a name."""
    return list(
        OutboxEvent.objects.filter(topic=f"fulfillment.{name}")
        .order_by("id")
        .values_list("payload", flat=True)
    )


def all_holds() -> None:
    """Every invariant of ledger and deliveries, with no grace."""
    for family in ("INV-L", "INV-D", "INV-S", "INV-A"):
        broken = invariants.check_all(now=clock.now(), grace=0, only=family)
        assert not broken, [str(one) for one in broken]
