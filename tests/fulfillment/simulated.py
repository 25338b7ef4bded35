"""The suppliers' simulators as real processes on loopback; conftests below take these fixtures in."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from simulators.process import Simulator
from simulators.supplier_c.script import Supplier as Script
from tests.factories.supply import KEY_ID, SECRET

PRODUCTS = """sku_code,cost,kind,stock
TOPUP-1,16.50,direct,
TOPUP-2,16.50,direct,
CARD-1,16.50,card,
"""


def simulator(name: str, state: Path, *, secret: str = SECRET, module: str = "") -> Simulator:
    """One supplier with the test's products and key, quick and with a silent callback ladder."""
    products = state / "products.csv"
    products.write_text(PRODUCTS)
    options = [
        *("--products", str(products), "--key", f"{KEY_ID}:{secret}", "--seed", "7"),
        *("--submit-after", "0.02", "--complete-after", "0.05", "--callback-ladder", "600"),
    ]
    return Simulator(name, state=state, options=options, module=module)


class Suppliers:
    """Each simulator by its name, started when it is first asked for."""

    def __init__(self, factory: pytest.TempPathFactory) -> None:
        self._factory = factory
        self._stack = ExitStack()
        self._running: dict[str, Simulator] = {}

    def get(self, name: str, *, secret: str, module: str = "") -> Simulator:
        if name not in self._running:
            state = self._factory.mktemp(name)
            made = simulator(name, state, secret=secret, module=module)
            self._running[name] = self._stack.enter_context(made)
        return self._running[name]

    def stop(self) -> None:
        self._stack.close()


@pytest.fixture(scope="session")
def suppliers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Suppliers]:
    made = Suppliers(tmp_path_factory)
    yield made
    made.stop()


@pytest.fixture(scope="session")
def supplier_c(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with simulator("supplier_c", tmp_path_factory.mktemp("supplier_c")) as sim:
        yield sim


@pytest.fixture
def script(supplier_c: Simulator) -> Iterator[Script]:
    """The simulator without faults, ready to be told some."""
    remote = Script(supplier_c.url)
    yield remote
    remote.clear_faults()
    remote.repeat("200")
