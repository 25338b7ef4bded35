"""The backend; Django asks for this module by its name."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.db.backends.postgresql import base
from django.db.utils import DEFAULT_DB_ALIAS
from psycopg import Connection

from config.postgres.pool import PatientPool


class DatabaseWrapper(base.DatabaseWrapper):
    """Makes its pool itself, because Django's options leave no room for a pool of one's own."""

    # Django's own, which its type stubs do not name.
    _connection_pools: ClassVar[dict[str, PatientPool]]
    _configure_connection: Callable[[Connection[Any]], None]

    @property
    def pool(self) -> PatientPool | None:
        options = self.settings_dict["OPTIONS"].get("pool")
        if self.alias != DEFAULT_DB_ALIAS or not options:
            return None
        if self.alias not in self._connection_pools:
            pool = PatientPool(
                kwargs={**self.get_connection_params(), "autocommit": True},
                open=False,
                configure=self._configure_connection,
                **options,
            )
            # Of several threads that come here first, one wins; the others' pools were never opened.
            self._connection_pools.setdefault(self.alias, pool)
        return self._connection_pools[self.alias]
