"""The truth log: one SQLite file, WAL, synchronous=FULL. What is written here has happened."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_META = "CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)"
_NONCE = (
    "CREATE TABLE IF NOT EXISTS nonce (who TEXT NOT NULL, nonce TEXT NOT NULL, at REAL NOT NULL,"
    " PRIMARY KEY (who, nonce)) WITHOUT ROWID"
)
NONCE_SECONDS = 700.0


class Store:
    """One connection under one lock: the order of commits is the order of events."""

    def __init__(self, directory: Path, schema: str) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._depth = 0
        self._db = sqlite3.connect(
            directory / "truth.db", isolation_level=None, check_same_thread=False, timeout=10
        )
        self._db.row_factory = sqlite3.Row
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            self._db.execute(f"PRAGMA {pragma}")
        self._db.executescript(f"{_META};{_NONCE};{schema}")

    @contextmanager
    def write(self) -> Iterator[None]:
        """One transaction; nested uses join it. Durable when the outermost block is left."""
        with self._lock:
            if self._depth == 0:
                self._db.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._db.execute("ROLLBACK")
                raise
            self._depth -= 1
            if self._depth == 0:
                self._db.execute("COMMIT")

    def run(self, sql: str, *params: Any) -> int:
        """Execute one statement; returns the number of rows changed."""
        with self._lock:
            return self._db.execute(sql, params).rowcount

    def rows(self, sql: str, *params: Any) -> list[dict[str, Any]]:
        with self._lock:
            return [dict(row) for row in self._db.execute(sql, params).fetchall()]

    def row(self, sql: str, *params: Any) -> dict[str, Any] | None:
        found = self.rows(sql, *params)
        return found[0] if found else None

    def insert(self, table: str, values: dict[str, Any]) -> int:
        """Insert one row; table and column names come from our own code only."""
        names = ", ".join(values)
        marks = ", ".join("?" * len(values))
        with self._lock:
            cursor = self._db.execute(
                f"INSERT INTO {table} ({names}) VALUES ({marks})",
                tuple(values.values()),
            )
            return int(cursor.lastrowid or 0)

    def meta(self, name: str, default: str = "") -> str:
        row = self.row("SELECT value FROM meta WHERE name = ?", name)
        return default if row is None else str(row["value"])

    def set_meta(self, name: str, value: str) -> None:
        self.run(
            "INSERT INTO meta VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            name,
            value,
        )

    def next(self, counter: str) -> int:
        """The next number of a gapless counter; call it inside `write`."""
        value = int(self.meta(f"next:{counter}", "1"))
        self.set_meta(f"next:{counter}", str(value + 1))
        return value

    def fresh_nonce(self, who: str, nonce: str, now: float) -> bool:
        """Remember a nonce durably; False when it was used before."""
        with self.write():
            self.run("DELETE FROM nonce WHERE at < ? AND who = ?", now - NONCE_SECONDS, who)
            return self.run("INSERT OR IGNORE INTO nonce VALUES (?, ?, ?)", who, nonce, now) == 1

    def close(self) -> None:
        with self._lock:
            self._db.close()
