"""The supplier's simulator as a real process on loopback; conftests below take these fixtures in."""

from collections.abc import Iterator

import pytest

from simulators.process import Simulator
from simulators.supplier_c.script import Supplier as Script
from tests.factories.supply import KEY_ID, SECRET

PRODUCTS = """sku_code,cost,kind,stock
TOPUP-1,16.50,direct,
TOPUP-2,16.50,direct,
CARD-1,16.50,card,
"""


@pytest.fixture(scope="session")
def supplier_c(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    state = tmp_path_factory.mktemp("supplier_c")
    products = state / "products.csv"
    products.write_text(PRODUCTS)
    options = [
        *("--products", str(products), "--key", f"{KEY_ID}:{SECRET}", "--seed", "7"),
        *("--submit-after", "0.02", "--complete-after", "0.05", "--callback-ladder", "600"),
    ]
    with Simulator("supplier_c", state=state, options=options) as sim:
        yield sim


@pytest.fixture
def script(supplier_c: Simulator) -> Iterator[Script]:
    """The simulator without faults, ready to be told some."""
    remote = Script(supplier_c.url)
    yield remote
    remote.clear_faults()
    remote.repeat("200")
