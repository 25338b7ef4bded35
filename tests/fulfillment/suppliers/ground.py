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

    def says(self, unit: Delivery, state: str) -> Callback:
        """A rightly signed message that claims a state (the engine's word), true or not."""
        return self.script.callback(last_attempt(unit).number, **self.script.claim(state))

    def fault(self, fault: str, *, op: str = "order", **params: Any) -> None:
        self.script.fault(fault, op=op, **params)


class Ground:
    """The scene of the catalogue: the dialect under test is asked first, another one second.

    The third only stands by, for scenes that need three.
    """

    def __init__(self, suppliers: Suppliers, *kits: Kit) -> None:
        self.places = [_stand(suppliers, kit, code) for kit, code in zip(kits, "xyz", strict=True)]
        self.first, self.second, _third = self.places

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
        for place in self.places[: 2 if both else 1]:
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
            truth = place.script.truth()
            for attempt in Attempt.objects.filter(supplier=place.row):
                granted = [
                    grant
                    for grant in truth["grants"]
                    if grant["external_id"] == attempt.number and not grant["reversed_at"]
                ]
                assert len(granted) == int(attempt.state == "succeeded"), attempt.number
                charged = _charged(truth, attempt)
                assert charged == (attempt.cost_minor or 0 if granted else 0), attempt.number
        self.money_equals_books()

    def money_equals_books(self) -> None:
        """Of all that was charged our accounts know, whether we count it as cost, loss or under way."""
        for place in self.places:
            truth = place.script.truth()
            charged = sum(
                _charged(truth, attempt) for attempt in Attempt.objects.filter(supplier=place.row)
            )
            paid = PREPAID - ledger.balance(f"supplier_prepaid:{place.row.code}")
            under_way = ledger.balance(f"supplier_suspense:{place.row.code}")
            assert paid - under_way == charged, place.row.code


def _charged(truth: dict[str, Any], attempt: Attempt) -> int:
    """Minor units that the supplier took for this attempt, less what it gave back."""
    orders = {one["id"] for one in truth["orders"] if one["external_id"] == attempt.number}
    moves = [int(move["amount_minor"]) for move in truth["movements"] if move["order_id"] in orders]
    return -sum(moves)


def _stand(suppliers: Suppliers, kit: Kit, code: str) -> Place:
    url = suppliers.get(kit.simulator, secret=SECRET, module=kit.module).url
    script = Script(url)
    script.clear_faults()
    for act, body in kit.prepare.items():
        script.control(act, **body)
    row = connect(url, code=code, secret=SECRET, dialect=kit.dialect, options=kit.options)
    return Place(kit, row, script)


KITS = {
    dialect: tuple(kits)
    for dialect, *kits in (("A", A, C, kit_b()), ("B", kit_b(), A, C), ("C", C, kit_b(), A))
}


def _laid(request: pytest.FixtureRequest, suppliers: Suppliers) -> Iterator[Ground]:
    made = Ground(suppliers, *KITS[request.param])
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
