"""Each invariant of routing is broken on purpose, as owner with the triggers asleep, and seen."""

from collections.abc import Callable
from typing import Any

import pytest

from core import clock
from core.invariants import check_all
from fulfillment.invariants.routing import ROUTING
from fulfillment.models import Attempt, SupplierCircuit, SupplierSlot
from tests.factories.supply import advance, open_unit
from tests.fulfillment.road.three import Three, standing_three, three_simulators

__all__ = ["standing_three", "three_simulators"]

HURTS = {
    "INV-D41": "update fulfillment_delivery set paid_minor = 1",
    "INV-D42": "delete from fulfillment_routedecision",
    "INV-D43": "update fulfillment_supplierslot set holder = (select number from fulfillment_attempt"
    " limit 1), until = now() + interval '1 hour'",
    "INV-D44": "update fulfillment_suppliercircuit set state = 'open', until = now() + interval"
    " '1 hour', opened_at = now() - interval '1 hour'",
    "INV-D45": "update fulfillment_routedecision set considered ="
    " jsonb_set(considered, '{0,why}', '\"busy\"')",
}


@pytest.fixture
def bought(standing_three: Three) -> Three:
    """A unit that was bought, a breaker that once opened, slots that are free again."""
    unit = open_unit(standing_three.sku, paid_minor=2000)
    advance(unit)
    assert unit.state == "delivered"
    SupplierCircuit.objects.create(supplier=standing_three.suppliers[0], operation="order")
    assert SupplierSlot.objects.filter(holder="").count() >= 1
    return standing_three


def broken() -> set[str]:
    return {found.invariant.id for found in check_all(now=clock.now(), grace=0)} & set(ROUTING)


def test_a_healthy_shop_breaks_none(bought: Three) -> None:
    assert set(HURTS) == set(ROUTING)
    assert broken() == set()
    assert Attempt.objects.count() == 1


@pytest.mark.parametrize("invariant", sorted(HURTS))
def test_it_is_seen(bought: Three, invariant: str, owner_sql: Callable[..., Any]) -> None:
    owner_sql("set session_replication_role = replica")
    owner_sql(HURTS[invariant])
    assert invariant in broken()
