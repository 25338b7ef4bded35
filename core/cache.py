"""Process caches with versioned invalidation: right to the second, no traffic when warm.

A cache is filled by one load and kept while its version row stands still. All versions are read
together, at most once a second and process.
"""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from django.db import DatabaseError, connection

from core.models.system import CacheVersion

T = TypeVar("T")
CHECK_SECONDS = 1.0


class _Versions:
    def __init__(self) -> None:
        self.values: dict[str, int] = {}
        self.checked = float("-inf")
        self.lock = threading.Lock()

    def read(self) -> dict[str, int]:
        if time.monotonic() - self.checked > CHECK_SECONDS:
            with self.lock:
                if time.monotonic() - self.checked > CHECK_SECONDS:
                    self._refresh()
        return self.values

    def _refresh(self) -> None:
        try:
            self.values = dict(CacheVersion.objects.values_list("name", "value"))
        except DatabaseError:
            # A page may be a little old while the database restarts; a sale asks it anyway.
            if not self.values:
                raise
        self.checked = time.monotonic()


_versions = _Versions()


def version(name: str) -> int:
    """The named version as this process knows it (at most a second old)."""
    return _versions.read().get(name, 0)


def forget_versions() -> None:
    """Ask the database at the next read (after a bump in this process, between tests)."""
    _versions.checked = float("-inf")


class Versioned(Generic[T]):
    """One loaded value, reloaded when the version moved. Loading runs once, not per thread."""

    def __init__(self, name: str, load: Callable[[], T]) -> None:
        self.name, self._load = name, load
        self._held: tuple[int, T] | None = None
        self._lock = threading.Lock()

    def get(self) -> T:
        current = version(self.name)
        held = self._held
        if held is not None and held[0] == current:
            return held[1]
        with self._lock:
            if self._held is None or self._held[0] != current:
                self._held = (current, self._load())
            return self._held[1]

    def forget(self) -> None:
        self._held = None


def bump(name: str) -> None:
    """Make all processes load the named caches again; takes effect with the commit."""
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into core_cacheversion (name, value) values (%s, 1)"
            " on conflict (name) do update set value = core_cacheversion.value + 1",
            [name],
        )
    forget_versions()
