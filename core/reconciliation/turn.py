"""One at a time: who comes second waits for the first to commit."""

from django.db import connection

from core.tx import part


@part
def take_turn(name: str) -> None:
    """Hold the named turn until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtext(%s))", [name])
