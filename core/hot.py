"""Cursors for the few wide statements of the hot path: planned once per connection, not per sale.

Django binds on the client and so has every statement planned anew; for a statement of ten parts
planning costs more than running. These cursors bind on the server and prepare at the first use.
Everything else of Django's stays: error classes, query log, the connection's transaction.
"""

from typing import Any

import psycopg
from django.db import connection

PREPARE_FROM = 5


class _Text:
    """What Django's query log reads of the last statement: its text, without the values."""

    def __init__(self, query: str) -> None:
        self.query = query.encode()


class _PreparingCursor(psycopg.Cursor[Any]):
    def execute(self, query: Any, params: Any = None, **_: Any) -> Any:
        try:
            return super().execute(query, params, prepare=True)
        finally:
            self._query: Any = _Text(query)


def hot_cursor() -> Any:
    """A cursor of the current connection for constant statements with named parameters.

    Use it as a context manager. Give every parameter a type where SQL cannot infer one
    (`%(line)s::text`); a statement text is prepared once per connection and set of types.
    """
    connection.ensure_connection()
    raw = connection.connection
    if raw.prepare_threshold is None:
        # Django switches preparing off; its own cursors bind on the client and never prepare.
        raw.prepare_threshold = PREPARE_FROM
    cursor: Any = _PreparingCursor(raw)
    if connection.queries_logged:
        return connection.make_debug_cursor(cursor)
    return connection.make_cursor(cursor)
