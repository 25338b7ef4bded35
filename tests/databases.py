"""Test databases: one template migrated by the owner, a clone for each worker, quick emptying between cases."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import psycopg
from psycopg import sql

from tests.surroundings import BASE_OWNER_URL, DATABASE, with_database

ROOT = Path(__file__).resolve().parents[1]
OWNER_URL = os.environ["DATABASE_OWNER_URL"]
LOCK = 7_130_001
# Deleting is quicker than truncating, which makes the files of every referring table and index anew; but
# what is deleted stays in the files, and plans should not notice it.
MOST_DEAD = 3_000
# Written by migrate itself and the same in every database.
KEPT = ("django_migrations", "django_content_type", "auth_permission")


def owner(url: str = OWNER_URL) -> psycopg.Connection:
    """A connection as owner, each statement committed at once."""
    return psycopg.connect(url, autocommit=True)


def digest() -> str:
    """Of all that decides what an empty, migrated database holds."""
    seen = hashlib.sha256((ROOT / "requirements" / "run.txt").read_bytes())
    # The template holds a data key wrapped under these.
    seen.update(os.environ["QUANYI_KEYS"].encode())
    patterns = (
        "*/migrations/*.py",
        "*/models/*.py",
        "*/models.py",
        "*/states.py",
        "*/apps.py",
        "core/roles.py",
    )
    for path in sorted({path for pattern in patterns for path in ROOT.glob(pattern)}):
        if not path.is_relative_to(ROOT / ".venv"):
            seen.update(path.name.encode() + path.read_bytes())
    return seen.hexdigest()[:12]


def create() -> None:
    """Make this worker's database from the template, making the template first if models changed."""
    template = f"quanyi_template_{digest()}"
    with owner(BASE_OWNER_URL) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        if not connection.execute(
            "SELECT 1 FROM pg_database WHERE datname = %s", (template,)
        ).fetchone():
            _drop_old_templates(connection)
            _migrate(connection, template)
        name = sql.Identifier(DATABASE)
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(name, sql.Identifier(template))
        )


def _drop_old_templates(connection: psycopg.Connection) -> None:
    rows = connection.execute(
        "SELECT datname FROM pg_database WHERE datname LIKE 'quanyi_template_%'"
    ).fetchall()
    for (name,) in rows:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _migrate(connection: psycopg.Connection, template: str) -> None:
    making = f"{template}_making"
    connection.execute(
        sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(making))
    )
    connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(making)))
    env = {
        **os.environ,
        "DATABASE_URL": with_database(os.environ["DATABASE_URL"], making),
        "DATABASE_OWNER_URL": with_database(BASE_OWNER_URL, making),
    }
    for arguments in (
        ["migrate", "-v0"],
        ["rotate_keys", "--ensure"],
    ):
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=env, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{arguments} failed:\n{done.stdout}\n{done.stderr}")
    rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
    connection.execute(rename.format(sql.Identifier(making), sql.Identifier(template)))


class BaseRows:
    """The rows that migrations wrote, and the way back to exactly them."""

    dead = 0  # rows deleted since the tables were last truncated

    def __init__(self, url: str = OWNER_URL) -> None:
        self.url = url
        with owner(url) as connection:
            self.tables = self._tables(connection)
            self.rows = {
                table: self._copy_out(connection, table) for table in self._filled(connection)
            }

    def restore(self, *, alone: bool = True) -> None:
        """Empty every table that has rows (triggers and foreign keys asleep) and put the base rows back.

        Unless `alone`, others may be writing: truncating waits for them in every table.
        """
        with owner(self.url) as connection, connection.transaction():
            connection.execute("SET LOCAL session_replication_role = replica")
            filled = self._filled(connection)
            self.dead += sum(filled.values())
            empty = self._delete if alone and self.dead <= MOST_DEAD else self._truncate
            empty(connection, sorted(filled))
            for table, rows in self.rows.items():
                with connection.cursor().copy(
                    sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))
                ) as copy:
                    copy.write(rows)

    def _delete(self, connection: psycopg.Connection, tables: list[str]) -> None:
        names = sql.SQL(", ").join(map(sql.Identifier, tables))
        connection.execute(sql.SQL("LOCK {} IN EXCLUSIVE MODE").format(names))
        delete = sql.SQL("DELETE FROM {}")
        named = [delete.format(sql.Identifier(table)) for table in tables]
        connection.execute(sql.SQL("; ").join(named))

    def _truncate(self, connection: psycopg.Connection, tables: list[str]) -> None:
        names = sql.SQL(", ").join(map(sql.Identifier, tables))
        connection.execute(sql.SQL("TRUNCATE {} CASCADE").format(names))
        self.dead = 0

    def _filled(self, connection: psycopg.Connection) -> dict[str, int]:
        """Tables that have rows, and how many (or that they are too many to count)."""
        count = sql.SQL("SELECT {}, count(*) FROM (SELECT 1 FROM {} LIMIT {}) AS found")
        counts = [
            count.format(sql.Literal(table), sql.Identifier(table), sql.Literal(MOST_DEAD + 1))
            for table in self.tables
        ]
        found = connection.execute(sql.SQL(" UNION ALL ").join(counts)).fetchall()
        return {table: rows for table, rows in found if rows}

    @staticmethod
    def _tables(connection: psycopg.Connection) -> list[str]:
        query = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND NOT tablename = ANY(%s)"
        return sorted(name for (name,) in connection.execute(query, (list(KEPT),)).fetchall())

    @staticmethod
    def _copy_out(connection: psycopg.Connection, table: str) -> bytes:
        with connection.cursor().copy(
            sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))
        ) as copy:
            return b"".join(bytes(block) for block in copy)
