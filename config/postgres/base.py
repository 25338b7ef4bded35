"""The backend; Django asks for this module by its name."""

import select
from collections.abc import Callable
from typing import Any, ClassVar

from django.db.backends.postgresql import base
from django.db.utils import DEFAULT_DB_ALIAS
from psycopg import Connection, OperationalError
from psycopg_pool import ConnectionPool


def still_there(connection: Connection[Any]) -> None:
    """Raise OperationalError when the server has hung up on an idle connection.

    A server that ends or restarts closes its sockets, so an idle one turns readable. Asking the kernel costs a
    microsecond; Django's own check asks the server, which is a statement on every request.
    """
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
    if poll.poll(0):
        connection.pgconn.consume_input()
        if poll.poll(0):
            raise OperationalError("the server has closed this connection")


class DatabaseWrapper(base.DatabaseWrapper):
    """Makes its pool itself, because Django's options leave no room for a check of one's own."""

    # Django's own, which its type stubs do not name.
    _connection_pools: ClassVar[dict[str, ConnectionPool[Any]]]
    _configure_connection: Callable[[Connection[Any]], None]

    @property
    def pool(self) -> ConnectionPool[Any] | None:
        options = self.settings_dict["OPTIONS"].get("pool")
        if self.alias != DEFAULT_DB_ALIAS or not options:
            return None
        if self.alias not in self._connection_pools:
            pool = ConnectionPool(
                kwargs={**self.get_connection_params(), "autocommit": True},
                open=False,
                configure=self._configure_connection,
                check=still_there,
                **options,
            )
            # Of several threads that come here first, one wins; the others' pools were never opened.
            self._connection_pools.setdefault(self.alias, pool)
        return self._connection_pools[self.alias]
