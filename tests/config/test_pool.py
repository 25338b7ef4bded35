"""Connections that the server has closed leave the pool before a visitor meets them."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from django.db import connections
from psycopg_pool import ConnectionPool

from config.postgres.base import DatabaseWrapper, still_there

pytestmark = pytest.mark.django_db


@contextmanager
def _pool(dsn: str, check: object) -> Iterator[ConnectionPool]:
    with ConnectionPool(dsn, min_size=1, max_size=1, check=check, timeout=5) as pool:  # type: ignore[arg-type]
        pool.wait()
        yield pool


def _hang_up(pool: ConnectionPool, dsn: str) -> None:
    with pool.connection() as connection:
        backend = connection.info.backend_pid
    with psycopg.connect(dsn, autocommit=True) as other:
        other.execute("select pg_terminate_backend(%s, 3000)", (backend,))


def test_a_closed_connection_is_replaced(app_dsn: str) -> None:
    with _pool(app_dsn, still_there) as pool:
        _hang_up(pool, app_dsn)
        with pool.connection() as connection:
            assert connection.execute("select 1").fetchone() == (1,)


def test_without_the_check_a_visitor_meets_it(app_dsn: str) -> None:
    with _pool(app_dsn, None) as pool:
        _hang_up(pool, app_dsn)
        with pytest.raises(psycopg.OperationalError), pool.connection() as connection:
            connection.execute("select 1")


def test_a_healthy_connection_stays(app_dsn: str) -> None:
    with _pool(app_dsn, still_there) as pool:
        with pool.connection() as first:
            backend = first.info.backend_pid
        with pool.connection() as second:
            assert second.info.backend_pid == backend


def test_ours_is_the_backend_in_use() -> None:
    assert isinstance(connections["default"], DatabaseWrapper)
    assert connections["default"].pool is None
