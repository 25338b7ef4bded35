"""A pool that is over an outage of the database as soon as the database is."""

import select
from time import monotonic
from typing import Any

from psycopg import Connection, OperationalError
from psycopg_pool import ConnectionPool, PoolTimeout

# How long a visitor waits before the pool is made to try the server again.
TRY_AGAIN_SECONDS = 0.5


def is_there(connection: Connection[Any]) -> bool:
    """Whether the server still holds the other end of an idle connection.

    A server that ends or restarts closes its sockets, so an idle one turns readable. Asking the kernel costs a
    microsecond; psycopg's own check asks the server, which would be a statement on every request.
    """
    if connection.closed:
        return False
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
    if not poll.poll(0):
        return True
    try:
        # A notice may wait there as well; reading it leaves a healthy connection silent.
        connection.pgconn.consume_input()
    except OperationalError:
        return False
    return not poll.poll(0)


class PatientPool(ConnectionPool[Connection[Any]]):
    """Drops dead connections at once, and tries the server anew while somebody waits.

    psycopg's pool sleeps a second or more for each dead connection it meets, and after an outage waits twice as long
    after every failed try, up to minutes.
    """

    def getconn(self, timeout: float | None = None) -> Connection[Any]:
        """A living connection. Raises PoolTimeout after `timeout` seconds (the pool's own unless given)."""
        deadline = monotonic() + (self.timeout if timeout is None else timeout)
        while True:
            left = deadline - monotonic()
            try:
                connection = super().getconn(max(0.001, min(left, TRY_AGAIN_SECONDS)))
            except PoolTimeout:
                if monotonic() >= deadline:
                    raise
                continue
            if is_there(connection):
                return connection
            connection.close()
            self.putconn(connection)
