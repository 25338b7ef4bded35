"""The gateway's keys of the tests, and a gateway that is never reached unless a test asks for one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orders.prizes import PRIZES, Gift, NotYet, PrizeKind
from simulators.localpay import signing
from simulators.localpay.script import Gateway
from simulators.process import Simulator
from tests.factories.orders import KEYS, MERCHANT
from tests.simulators.conftest import localpay_options

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(scope="session")
def key_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The merchant's private key and the public halves of both sides, as files."""
    folder = tmp_path_factory.mktemp("localpay-keys")
    files = {"merchant": KEYS / "merchant_test_key.pem"}
    for side in ("merchant", "gateway"):
        private = signing.load_private((KEYS / f"{side}_test_key.pem").read_bytes())
        files[f"{side}_public"] = folder / f"{side}-public.pem"
        files[f"{side}_public"].write_bytes(signing.public_pem(private.public_key()))
    return files


@pytest.fixture(autouse=True)
def _localpay_settings(settings: Any, key_files: dict[str, Path]) -> None:
    settings.LOCALPAY_URL = NOWHERE
    settings.LOCALPAY_MERCHANT = MERCHANT
    settings.LOCALPAY_PRIVATE_KEY = str(key_files["merchant"])
    settings.LOCALPAY_GATEWAY_PUBLIC_KEYS = [str(key_files["gateway_public"])]


@pytest.fixture(scope="session")
def _gateway_process(
    tmp_path_factory: pytest.TempPathFactory, key_files: dict[str, Path]
) -> Iterator[Simulator]:
    state = tmp_path_factory.mktemp("localpay")
    options = localpay_options(key_files["merchant_public"])
    with Simulator("localpay", state=state, options=options) as simulator:
        yield simulator


@pytest.fixture
def gateway(_gateway_process: Simulator, settings: Any) -> Iterator[Gateway]:
    """A real gateway on loopback that knows our key."""
    settings.LOCALPAY_URL = _gateway_process.url
    script = Gateway(_gateway_process.url)
    # It is one process for all tests: whoever moved its clock has gone.
    script.move_clock(0)
    yield script
    script.move_clock(0)
    script.clear_faults()


@pytest.fixture
def toys() -> Any:
    """A kind of prize that can be given at once, or not; it writes down what it gave."""
    given: dict[str, int] = {}

    def give(*, gift: Gift, now: Any) -> str:
        if gift.ref == "not yet":
            raise NotYet("no toys left")
        given[gift.key] = given.get(gift.key, 0) + 1
        return f"toy_{gift.key}"

    PRIZES._entries["toy"] = PrizeKind("toy", "Toy", lambda prize: "", give)
    yield given
    del PRIZES._entries["toy"]
