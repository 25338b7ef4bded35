"""A supplier of any dialect on our own road, with another one beside it, and the truth of both."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from catalog.models import Sku
from core import clock, ledger
from fulfillment.models import Attempt, Delivery, Supplier
from fulfillment.services.receive_callback import receive_callback
from fulfillment.suppliers.base import Strength
from fulfillment.suppliers.registry import adapter_for
from simulators.supply.script import Callback
from simulators.supply.script import Supplier as Script
from tests.factories.fulfillment import make_goods, make_offer
from tests.factories.supply import (
    PREPAID,
    advance,
    connect,
    last_attempt,
    make_topup,
    open_unit,
)
from tests.fulfillment.road.conftest import all_holds
from tests.fulfillment.simulated import Suppliers
from tests.fulfillment.suppliers.kits import A, C, kit_b
from tests.fulfillment.suppliers.suite.kit import COST, SECRET, Kit

#: How each dialect's message is changed before it is signed, so that it claims this end.
CLAIMS: dict[str, dict[str, dict[str, Any]]] = {
    "rest_hmac": {"yes": {"state": "COMPLETED", "delivered": 1}, "no": {"state": "FAILED"}},
    "gateway_md5": {"yes": {"order_state": "success"}, "no": {"order_state": "failed"}},
    "form_md5": {"yes": {"orderStatus": "0"}, "no": {"orderStatus": "2"}},
}


@dataclass
class Place:
    """One supplier: our row of it, and its own log."""

    kit: Kit
    row: Supplier
    script: Script

    @property
    def weak(self) -> bool:
        return adapter_for(self.kit.dialect).capabilities.callback_strength is not Strength.STRONG

    def hear(self, made: Callback) -> int:
        """The message arrives; returns the status of our answer."""
        answer = receive_callback(
            supplier_code=self.row.code, headers=made.headers, body=made.body, now=clock.now()
        )
        return answer.status

    def says(self, unit: Delivery, end: str) -> Callback:
        """A rightly signed message that claims ``yes`` or ``no``."""
        number = last_attempt(unit).number
        return self.script.callback(number, **CLAIMS[self.kit.dialect][end])

    def fault(self, fault: str, *, op: str = "order", **params: Any) -> None:
        self.script.fault(fault, op=op, **params)


class Ground:
    """The scene of the catalogue: the dialect under test is asked first, another one second."""

    def __init__(self, suppliers: Suppliers, kit: Kit, other: Kit) -> None:
        self.first = _stand(suppliers, kit, "x")
        self.second = _stand(suppliers, other, "y")

    @property
    def places(self) -> tuple[Place, Place]:
        return self.first, self.second

    def topup(self) -> Sku:
        """A top-up that both sell."""
        sku = make_topup(self.first.row)
        make_offer(
            sku, self.second.row, supplier_sku="TOPUP-2", cost_minor=COST, max_cost_minor=COST,
            position=2,
        )  # fmt: skip
        return sku

    def card(self, *, both: bool = False) -> Sku:
        """A code that the first sells."""
        sku = make_goods("topup")
        for place in self.places if both else self.places[:1]:
            make_offer(
                sku, place.row, supplier_sku="CARD-1", cost_minor=COST, max_cost_minor=COST,
                position=self.places.index(place) + 1,
            )  # fmt: skip
        return sku

    def stuck(self, sku: Sku | None = None, **target: Any) -> Delivery:
        """A unit that the first has taken and does not finish by itself."""
        unit = open_unit(sku or self.topup(), **target)
        self.first.fault("stuck", state="SUBMITTED")
        advance(unit)
        assert last_attempt(unit).state == "accepted"
        return unit

    def grants(self, unit: Delivery) -> int:
        """Units that anybody really delivered for this one, whatever number it was asked under."""
        numbers = list(unit.attempts.values_list("number", flat=True))
        return sum(
            len(place.script.grants(external_id=number))
            for place in self.places
            for number in numbers
        )

    def truth_equals_books(self) -> None:
        """What the suppliers delivered and charged under our numbers is what our books say."""
        for place in self.places:
            attempts = Attempt.objects.filter(supplier=place.row)
            charged = 0
            truth = place.script.truth()
            orders = {order["external_id"]: order for order in truth["orders"]}
            for attempt in attempts:
                granted = [
                    grant
                    for grant in truth["grants"]
                    if grant["external_id"] == attempt.number and not grant["reversed_at"]
                ]
                assert len(granted) == int(attempt.state == "succeeded"), attempt.number
                order = orders.get(attempt.number)
                moves = [
                    move["amount_minor"]
                    for move in truth["movements"]
                    if order is not None and move["order_id"] == order["id"]
                ]
                charged -= sum(moves)
                assert -sum(moves) == (attempt.cost_minor or 0 if granted else 0), attempt.number
            paid = PREPAID - ledger.balance(f"supplier_prepaid:{place.row.code}")
            under_way = ledger.balance(f"supplier_suspense:{place.row.code}")
            assert paid - under_way == charged, place.row.code


def _stand(suppliers: Suppliers, kit: Kit, code: str) -> Place:
    url = suppliers.get(kit.simulator, secret=SECRET, module=kit.module).url
    script = Script(url)
    script.clear_faults()
    for act, body in kit.prepare.items():
        script.control(act, **body)
    row = connect(url, code=code, secret=SECRET, dialect=kit.dialect, options=kit.options)
    return Place(kit, row, script)


KITS = {"A": (A, C), "B": (kit_b(), A), "C": (C, kit_b())}


def _laid(request: pytest.FixtureRequest, suppliers: Suppliers) -> Iterator[Ground]:
    kit, other = KITS[request.param]
    made = Ground(suppliers, kit, other)
    yield made
    for place in made.places:
        place.script.clear_faults()
        place.script.control("mend_statements")
        for name in ("TOPUP-1", "TOPUP-2", "CARD-1"):
            place.script.product(name, cost_minor=COST, stock=None, state="on")
        place.script.set_balance(100_000_000)


@pytest.fixture(params=KITS)
def ground(request: pytest.FixtureRequest, suppliers: Suppliers, db: None) -> Iterator[Ground]:
    yield from _laid(request, suppliers)


@pytest.fixture(params=KITS)
def standing(
    request: pytest.FixtureRequest, suppliers: Suppliers, committed: None
) -> Iterator[Ground]:
    """The same, really committed: for threads."""
    yield from _laid(request, suppliers)


def settled(ground: Ground) -> None:
    all_holds()
    ground.truth_equals_books()
