"""Three suppliers of one SKU, each a simulator of its own behind a real address."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from catalog.models import Sku
from catalog.states import DeliveryKind
from fulfillment.models import Delivery, RoutePolicy, Supplier
from simulators.process import Simulator
from simulators.supplier_c.script import Supplier as Script
from tests.factories.fulfillment import make_goods, make_offer
from tests.factories.supply import KEY_ID, SECRET, connect

#: What one unit costs at each, in minor units; the first is the cheapest.
COSTS = (1500, 1600, 1700)
CODES = ("one", "two", "three")


@dataclass
class Three:
    """The suppliers' rows, their scripts, and the SKU that all of them sell."""

    suppliers: list[Supplier]
    scripts: list[Script]
    sku: Sku

    def grants(self, unit: Delivery) -> list[int]:
        """Units really delivered for this one, supplier by supplier."""
        numbers = list(unit.attempts.values_list("number", flat=True))
        return [
            sum(len(script.grants(external_id=number)) for number in numbers)
            for script in self.scripts
        ]

    def asked(self, unit: Delivery) -> list[str]:
        """Codes of the suppliers that were asked, in order."""
        return list(unit.attempts.order_by("id").values_list("supplier__code", flat=True))

    def policy(self, policy: str, **fields: object) -> RoutePolicy:
        return RoutePolicy.objects.update_or_create(
            sku=self.sku, defaults={"policy": policy, **fields}
        )[0]


@pytest.fixture(scope="session")
def three_simulators(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Simulator]]:
    made = []
    try:
        for code, cost in zip(CODES, COSTS, strict=True):
            state = tmp_path_factory.mktemp(code)
            (state / "products.csv").write_text(
                f"sku_code,cost,kind,stock\nGOLD-M,{cost / 100:.2f},direct,\n"
            )
            options = [
                *("--products", str(state / "products.csv"), "--key", f"{KEY_ID}:{SECRET}"),
                *("--submit-after", "0", "--complete-after", "0", "--callback-ladder", "600"),
            ]
            made.append(Simulator("supplier_c", state=state, options=options).start())
        yield made
    finally:
        for simulator in made:
            simulator.stop()


def _three(simulators: list[Simulator]) -> Iterator[Three]:
    sku = make_goods(DeliveryKind.TOPUP, cost_minor=COSTS[0])
    suppliers = []
    # Numbered the other way round, so that the order of asking says which policy decided.
    for place, (code, cost, simulator) in enumerate(zip(CODES, COSTS, simulators, strict=True)):
        supplier = connect(simulator.url, code=code)
        make_offer(
            sku, supplier, supplier_sku="GOLD-M", cost_minor=cost, max_cost_minor=cost,
            position=3 - place,
        )  # fmt: skip
        suppliers.append(supplier)
    scripts = [Script(simulator.url) for simulator in simulators]
    found = Three(suppliers, scripts, sku)
    found.policy("cheapest")
    yield found
    for script in scripts:
        script.clear_faults()


@pytest.fixture
def three(three_simulators: list[Simulator], db: None) -> Iterator[Three]:
    yield from _three(three_simulators)


@pytest.fixture
def standing_three(three_simulators: list[Simulator], committed: None) -> Iterator[Three]:
    """The same, really committed: for threads."""
    yield from _three(three_simulators)
