"""Fixtures for all tests: a real PostgreSQL with both roles, a real Valkey, nothing of ours replaced."""

import asyncio
import os
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from django.core.cache import cache
from django.db import connection, connections
from django.utils import translation
from pytest_django.plugin import DjangoDbBlocker

from catalog import page_cache, snapshot
from core import cache as versions
from core import clock, crypto, ledger
from fulfillment.queries import activation
from orders.queries import promotions
from orders.services.flash.admit_flash import PACE
from risk import rulebook
from tests import databases
from tests.house import House, standing
from tests.surroundings import SERVICES

# A browser shares two cores with the shop, its workers and another thousand tests. A wait of half a
# minute that ran out there is tried once more and told at the end as `R`; a wrong value is wrong at once.
ONCE_MORE = pytest.mark.flaky(
    reruns=1, only_rerun=[r"Locator expected", r"TimeoutError", r"Page expected", r"net::ERR_"]
)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Tests that need a whole shop share one: they go to the same xdist worker.

    They begin, for together they take longest; and those who want it filled come after those who want
    it empty, for filling it takes a minute each time.
    """
    whole = {item for item in items if "_house" in getattr(item, "fixturenames", ())}
    for item in whole:
        item.add_marker(pytest.mark.xdist_group("house"))
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(ONCE_MORE)
    yield
    items.sort(key=lambda item: (item not in whole, "shop" in getattr(item, "fixturenames", ())))


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """What is long is named by its place. Bytes made while tests are collected, an archive or a key,
    differ between two workers, and they would disagree about which tests there are."""
    return argname if isinstance(val, str | bytes) and len(val) > 40 else None


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """A browser's driver, once started, leaves its event loop running in this thread, and then no
    asynchronous view could be asked by the tests that come after it on the same worker.

    Put aside for the whole of such a test, fixtures included: Django keeps one connection for a thread
    with a running loop and another for the same thread without, so a transaction begun on the one
    would leave what the test writes on the other committed.
    """
    loop = (
        None if "playwright" in getattr(item, "fixturenames", ()) else asyncio._get_running_loop()
    )
    if loop is None:
        return (yield)
    asyncio._set_running_loop(None)
    try:
        return (yield)
    finally:
        if loop.is_running():
            asyncio._set_running_loop(loop)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Whoever asks for `db` is inside the transaction that will be rolled back, or the test says so itself."""
    if "db" in getattr(item, "fixturenames", ()) or item.get_closest_marker("django_db"):
        assert connection.in_atomic_block, "this test would commit what it writes"
    return (yield)


@pytest.fixture(scope="session", autouse=True)
def servers() -> Iterator[None]:
    """This worker's PostgreSQL and Valkey, unless others were given from outside."""
    if SERVICES is None:
        yield
        return
    try:
        SERVICES.start()
        yield
    finally:
        SERVICES.stop()


@pytest.fixture(scope="session")
def django_db_setup(servers: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Replaces pytest-django's: the owner makes the database, the tests then work as the application's role."""
    databases.create()
    with django_db_blocker.unblock():
        yield
        connections.close_all()


@pytest.fixture(scope="session")
def base_rows(django_db_setup: None) -> databases.BaseRows:
    return databases.BaseRows()


@pytest.fixture
def committed(base_rows: databases.BaseRows, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """For tests that really commit (threads, processes, steps): afterwards only the base rows are left."""
    with django_db_blocker.unblock():
        try:
            yield
        finally:
            connections.close_all()
            base_rows.restore()
            cache.clear()


@pytest.fixture
def owner_sql(django_db_setup: None) -> Iterator[Callable[..., list[tuple[Any, ...]]]]:
    """Run a statement as the owner on a connection of its own, committed at once; returns rows, if any."""
    with databases.owner() as connection:

        def run(statement: str, params: Any = None) -> list[tuple[Any, ...]]:
            cursor = connection.execute(statement, params)
            return cursor.fetchall() if cursor.description else []

        yield run


@pytest.fixture
def app_dsn(django_db_setup: None) -> str:
    """Address of this worker's database as the application's role."""
    return os.environ["DATABASE_URL"]


@pytest.fixture
def app_connection(app_dsn: str) -> Iterator[psycopg.Connection]:
    """A second connection as the application's role, outside Django."""
    with psycopg.connect(app_dsn) as connection:
        yield connection


@pytest.fixture(scope="session")
def _house() -> Iterator[House]:
    with standing() as house:
        yield house


@pytest.fixture
def house(_house: House) -> House:
    """A whole shop in processes of its own (tests/house.py), empty and complete."""
    _house.empty()
    return _house


@pytest.fixture
def warm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Versions and clock were just read, however long the test takes: what is left are statements."""
    monkeypatch.setattr(versions, "CHECK_SECONDS", 600.0)
    monkeypatch.setattr(clock, "RECALIBRATE_SECONDS", 600.0)


@pytest.fixture(autouse=True)
def _fresh_process() -> Iterator[None]:
    """Nothing a test left in this process may help or harm the next."""
    yield
    translation.deactivate_all()
    for forget in (
        crypto.forget_keys,
        ledger.forget_accounts,
        versions.forget_versions,
        rulebook.forget,
        clock.forget,
        snapshot.forget,
        promotions.forget,
        page_cache.forget,
        activation.forget,
        PACE.forget,
    ):
        forget()
