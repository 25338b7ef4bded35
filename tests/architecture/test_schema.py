"""Migrations are complete and portable, and the application's role can only add to what must never change."""

import io
import re
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.core.management import call_command

from core.roles import append_only_tables
from tests.architecture.tree import named, tracked

MIGRATIONS = [path for path in tracked() if "migrations" in path.parts and path.name[0].isdigit()]


@pytest.mark.django_db
def test_models_and_migrations_agree() -> None:
    said = io.StringIO()
    call_command("makemigrations", check=True, dry_run=True, stdout=said, verbosity=1)
    assert "No changes" in said.getvalue()


@pytest.mark.parametrize("path", MIGRATIONS, ids=named)
def test_migrations_need_no_extension(path: Any) -> None:
    assert not re.search(
        r"create\s+extension|CreateExtension|TrigramExtension|BtreeGist",
        path.read_text(),
        re.IGNORECASE,
    )


def test_some_tables_are_append_only() -> None:
    assert len(append_only_tables()) > 3


@pytest.mark.django_db
@pytest.mark.parametrize("verb", ["UPDATE", "DELETE", "TRUNCATE"])
def test_the_application_may_not_change_facts(
    verb: str, owner_sql: Callable[..., list[tuple[Any, ...]]]
) -> None:
    query = "select has_table_privilege('quanyi_app', %s, %s)"
    allowed = [table for table in append_only_tables() if owner_sql(query, (table, verb))[0][0]]
    assert allowed == []


@pytest.mark.django_db
def test_the_application_may_not_change_the_schema(app_connection: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app_connection.execute("create table mine (id int)")
    app_connection.rollback()
    table = append_only_tables()[0]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app_connection.execute(f'alter table "{table}" disable trigger user')


@pytest.mark.django_db
def test_no_table_is_truncatable_by_the_application(
    owner_sql: Callable[..., list[tuple[Any, ...]]],
) -> None:
    query = (
        "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
        " and has_table_privilege('quanyi_app', oid, 'TRUNCATE')"
    )
    assert owner_sql(query) == []
