"""The catalogue's process caches start empty in each test, since versions repeat between tests."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from catalog import page_cache, snapshot

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _nothing_held() -> Iterator[None]:
    snapshot.forget()
    page_cache.forget()
    yield
    snapshot.forget()
    page_cache.forget()


@pytest.fixture
def now() -> datetime:
    return NOW
