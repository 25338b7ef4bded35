"""Our side over a real socket, and an ear that hears results."""

import threading
from collections.abc import Iterator

import pytest
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application

from catalog import snapshot
from core import clock, ledger
from core.crypto import ensure_data_key, forget_keys
from simulators.marketplace.script import Buyer
from simulators.process import Simulator
from tests.factories.markets import PATH, Place, make_place
from tests.simulators.receiver import Receiver


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing: a test's output is its own."""


class _Server(ThreadedWSGIServer):
    request_queue_size = 256
    daemon_threads = True


@pytest.fixture
def shop_url(committed: None) -> Iterator[str]:
    """The shop itself, listening on loopback in threads of this process."""
    for forget in (snapshot.forget, ledger.forget_accounts, forget_keys, clock.forget):
        forget()
    ensure_data_key()
    server = _Server(("127.0.0.1", 0), _Quiet)
    server.set_app(get_wsgi_application())
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()
    for forget in (snapshot.forget, ledger.forget_accounts, forget_keys):
        forget()


@pytest.fixture
def ear() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture(scope="session")
def _marketplace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with Simulator("marketplace", state=tmp_path_factory.mktemp("marketplace")) as simulator:
        yield simulator


@pytest.fixture
def buyer(_marketplace: Simulator) -> Iterator[Buyer]:
    """A marketplace in a process of its own, with its own truth log."""
    script = Buyer(_marketplace.url, timeout=120.0)
    yield script
    script.clear_faults()


@pytest.fixture
def market(shop_url: str, buyer: Buyer) -> Place:
    """The same as an outside channel of ours, ready to buy."""
    place = make_place(url=shop_url, callback_url=f"{buyer.base}/results")
    buyer.connect(shop=f"{shop_url}{PATH}", key=place.key, secret=place.secret)
    return place
