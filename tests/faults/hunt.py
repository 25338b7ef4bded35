"""Where a secret must not be: every table, Valkey, every file and log, every command line.

`disguises` are the forms a careless copy would take: text, UTF-16, hex (how COPY shows bytes),
base64 at each of its three alignments (queue messages), compressed session data.
"""

import base64
import contextlib
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import redis
from psycopg import sql

from tests.faults.stage import Stage

LARGEST_PIECE = 1 << 24
OVERLAP = 4096


def disguises(text: str) -> list[bytes]:
    """The byte strings by which a copy of `text` would be recognised."""
    raw = text.encode()
    found = [
        raw,
        raw.lower(),
        text.encode("utf-16-le"),
        raw.hex().encode(),
        raw.hex().upper().encode(),
    ]
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + raw + b"\0\0")
        # The characters at both ends also depend on the neighbours.
        found.append(coded[(0, 4, 4)[shift] : -4])
    return found


def everywhere(stage: Stage, text: str) -> list[str]:
    """Names of the places where a copy of `text` lies."""
    marks = disguises(text)
    places = [*_tables(stage), *_valkey(stage), *_command_lines()]
    found = [name for name, content in places if any(mark in content for mark in marks)]
    return found + [name for name, path in _files(stage.house.state) if _holds(path, marks)]


def _tables(stage: Stage) -> Iterator[tuple[str, bytes]]:
    """Each table as text, and the contents of sessions unpacked."""
    with psycopg.connect(stage.house.env["DATABASE_OWNER_URL"], autocommit=True) as connection:
        names = connection.execute(
            "select format('%I.%I', schemaname, tablename) from pg_tables"
            " where schemaname not in ('pg_catalog', 'information_schema')"
        ).fetchall()
        for (name,) in names:
            statement = sql.SQL("COPY {} TO STDOUT").format(sql.SQL(name))
            with connection.cursor().copy(statement) as copy:
                yield f"table {name}", b"".join(bytes(block) for block in copy)
        for (data,) in connection.execute("select session_data from django_session").fetchall():
            yield "session", unpacked(data)


def unpacked(signed: str) -> bytes:
    """What django.core.signing packed: base64, compressed when it begins with a dot."""
    body = signed.lstrip(".").partition(":")[0]
    raw = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    return zlib.decompress(raw) if signed.startswith(".") else raw


def _valkey(stage: Stage) -> Iterator[tuple[str, bytes]]:
    """Every key and value of every database: cache, wake-up flags, queues and what is in hand."""
    address = stage.house.env["REDIS_URL"].partition("?")[0]
    for number in range(64):
        server = redis.Redis.from_url(f"{address}?db={number}")
        for key in server.scan_iter(count=500):
            shown = f"valkey {number} {key.decode(errors='replace')}"
            yield shown, key
            for value in _values(server, key):
                yield shown, value
                # Queue messages hold their body in base64 inside JSON.
                with contextlib.suppress(ValueError, TypeError, KeyError):
                    message = json.loads(value)
                    message = message[0] if isinstance(message, list) else message
                    yield shown, base64.b64decode(message["body"])
                with contextlib.suppress(zlib.error):
                    yield shown, zlib.decompress(value)


def _values(server: "redis.Redis", key: bytes) -> list[bytes]:
    kind = server.type(key)
    if kind == b"string":
        found: Any = [server.get(key)]
    elif kind == b"list":
        found = server.lrange(key, 0, -1)
    elif kind == b"set":
        found = list(server.smembers(key))
    elif kind == b"zset":
        found = server.zrange(key, 0, -1)
    elif kind == b"hash":
        found = [part for pair in server.hgetall(key).items() for part in pair]
    else:
        found = [server.dump(key)]
    return [value for value in found if value]


def _command_lines() -> Iterator[tuple[str, bytes]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                yield f"command line of {entry.name}", (entry / "cmdline").read_bytes()


def _files(top: Path) -> Iterator[tuple[str, Path]]:
    """All files of the state folder: logs with mails, uploads, the cluster's pages and its WAL."""
    for path in top.rglob("*"):
        if path.is_file() and not path.is_symlink():
            yield f"file {path.relative_to(top)}", path


def _holds(path: Path, marks: list[bytes]) -> bool:
    """Whether a file contains any of the marks, read piece by piece."""
    with contextlib.suppress(OSError), path.open("rb") as file:
        tail = b""
        while piece := file.read(LARGEST_PIECE):
            if any(mark in tail + piece for mark in marks):
                return True
            tail = piece[-OVERLAP:]
    return False
