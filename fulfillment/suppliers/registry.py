"""Adapters by dialect name: our own folders plus whatever is installed beside us.

Another package ships an adapter by naming it in its metadata::

    [project.entry-points."quanyi.suppliers"]
    my_dialect = "my_package.client:ADAPTER"
"""

from functools import cache
from importlib.metadata import entry_points

from fulfillment.suppliers.base import Adapter
from fulfillment.suppliers.rest_hmac.client import ADAPTER as REST_HMAC

GROUP = "quanyi.suppliers"

_BUILT_IN: dict[str, Adapter] = {"rest_hmac": REST_HMAC}


class NoSuchDialect(LookupError):
    """No adapter of that name is installed; nothing has been sent."""


@cache
def adapters() -> dict[str, Adapter]:
    """Every known dialect. A built-in name cannot be taken over by an installed package."""
    found: dict[str, Adapter] = {point.name: point.load() for point in entry_points(group=GROUP)}
    return {**found, **_BUILT_IN}


def adapter_for(dialect: str) -> Adapter:
    """Return the adapter of a dialect; raises ``NoSuchDialect``."""
    try:
        return adapters()[dialect]
    except KeyError:
        raise NoSuchDialect(dialect) from None
