"""Connections that the server has closed leave the pool before a visitor meets them."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import psycopg
import pytest
from django.db import connections
from psycopg_pool import ConnectionPool, PoolTimeout

from config.postgres.base import DatabaseWrapper
from config.postgres.pool import PatientPool, is_there

pytestmark = pytest.mark.django_db
SIZE = 4


@contextmanager
def _pool(dsn: str, kind: type[ConnectionPool[Any]] = PatientPool) -> Iterator[ConnectionPool[Any]]:
    with kind(dsn, min_size=SIZE, max_size=SIZE, timeout=3, reconnect_timeout=0.1) as pool:
        pool.wait()
        yield pool


def _hang_up(pool: ConnectionPool[Any], dsn: str) -> None:
    with ExitStack() as held:
        taken = [held.enter_context(pool.connection()) for _ in range(SIZE)]
        backends = [connection.info.backend_pid for connection in taken]
    with psycopg.connect(dsn, autocommit=True) as other:
        for backend in backends:
            other.execute("select pg_terminate_backend(%s, 3000)", (backend,))


def test_dead_connections_are_replaced(app_dsn: str) -> None:
    with _pool(app_dsn) as pool:
        _hang_up(pool, app_dsn)
        for _ in range(SIZE):
            with pool.connection() as connection:
                assert connection.execute("select 1").fetchone() == (1,)


def test_the_plain_pool_hands_them_to_a_visitor(app_dsn: str) -> None:
    with _pool(app_dsn, ConnectionPool) as pool:
        _hang_up(pool, app_dsn)
        with pytest.raises(psycopg.OperationalError), pool.connection() as connection:
            connection.execute("select 1")


def test_a_healthy_connection_stays(app_dsn: str) -> None:
    with psycopg.connect(app_dsn, autocommit=True) as connection:
        assert is_there(connection)
        connection.execute("do $$ begin raise notice 'words from the server'; end $$")
        assert is_there(connection)
        connection.close()
        assert not is_there(connection)


def test_waiting_ends(app_dsn: str) -> None:
    with _pool(app_dsn) as pool, ExitStack() as held:
        for _ in range(SIZE):
            held.enter_context(pool.connection())
        began = time.monotonic()
        with pytest.raises(PoolTimeout):
            pool.getconn(0.7)
        assert time.monotonic() - began > 0.6


def test_ours_is_the_backend_in_use() -> None:
    assert isinstance(connections["default"], DatabaseWrapper)
    assert connections["default"].pool is None
