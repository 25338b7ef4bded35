"""Both simulators as real processes on loopback; each module has its own, with fresh state."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from simulators.localpay import signing
from simulators.localpay.merchant import Merchant
from simulators.localpay.script import Gateway, Signer
from simulators.process import Simulator
from simulators.supplier_c.script import Caller, Supplier
from tests.simulators.receiver import Receiver

DATA = Path(__file__).parent / "data"
SECRET = "a-test-secret"
PRODUCTS = """sku_code,cost,kind,stock
TOPUP-1,16.50,direct,
TOPUP-2,8.00,direct,3
CARD-1,95.00,card,
"""


@pytest.fixture(scope="session")
def merchant_pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    private = signing.load_private((DATA / "merchant_test_key.pem").read_bytes())
    path = tmp_path_factory.mktemp("keys") / "merchant-public.pem"
    path.write_bytes(signing.public_pem(private.public_key()))
    return path


def localpay_options(merchant_pem: Path) -> list[str]:
    key = DATA / "gateway_test_key.pem"
    ladder = "0.1,0.1,0.2,30"
    return [
        *("--merchant", f"QUANYI:{merchant_pem}", "--merchant", f"OTHER:{merchant_pem}"),
        *("--gateway-key", str(key), "--notify-ladder", ladder, "--seed", "7"),
    ]


@pytest.fixture(scope="module")
def localpay(tmp_path_factory: pytest.TempPathFactory, merchant_pem: Path) -> Iterator[Simulator]:
    state = tmp_path_factory.mktemp("localpay")
    with Simulator("localpay", state=state, options=localpay_options(merchant_pem)) as sim:
        yield sim


@pytest.fixture
def gateway(localpay: Simulator) -> Iterator[Gateway]:
    script = Gateway(localpay.url)
    yield script
    script.clear_faults()


@pytest.fixture
def merchant(localpay: Simulator) -> Merchant:
    return merchant_of(localpay.url)


def merchant_of(url: str) -> Merchant:
    signer = Signer((DATA / "merchant_test_key.pem").read_bytes())
    gateway_key = signing.load_private((DATA / "gateway_test_key.pem").read_bytes())
    return Merchant(url, signer=signer, gateway_key=gateway_key.public_key())


def supplier_options(products: Path) -> list[str]:
    products.write_text(PRODUCTS)
    return [
        *("--products", str(products), "--key", f"k1:{SECRET}", "--seed", "7"),
        *("--submit-after", "0.05", "--complete-after", "0.1", "--callback-ladder", "0.1,0.1,30"),
    ]


@pytest.fixture(scope="module")
def supplier_c(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    state = tmp_path_factory.mktemp("supplier_c")
    options = supplier_options(state / "products.csv")
    with Simulator("supplier_c", state=state, options=options) as sim:
        yield sim


@pytest.fixture
def supplier(supplier_c: Simulator) -> Iterator[Supplier]:
    script = Supplier(supplier_c.url)
    yield script
    script.clear_faults()
    script.repeat("200")


@pytest.fixture
def caller(supplier_c: Simulator) -> Caller:
    return Caller(supplier_c.url, key_id="k1", secret=SECRET)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as ear:
        yield ear


def private_key(signer: str) -> rsa.RSAPrivateKey:
    """The throw-away key of `merchant` or `gateway`."""
    return signing.load_private((DATA / f"{signer}_test_key.pem").read_bytes())
