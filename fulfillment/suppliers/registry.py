"""Adapters by dialect name: every folder beside this file, plus whatever is installed beside us.

A folder is an adapter when its ``client.py`` has an ``ADAPTER``; its name is the dialect's. Another
package ships an adapter by naming it in its metadata::

    [project.entry-points."quanyi.suppliers"]
    my_dialect = "my_package.client:ADAPTER"
"""

import pkgutil
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points

import fulfillment.suppliers
from fulfillment.suppliers.base import Adapter

GROUP = "quanyi.suppliers"


class NoSuchDialect(LookupError):
    """No adapter of that name is installed; nothing has been sent."""


@cache
def adapters() -> dict[str, Adapter]:
    """Every known dialect. A built-in name cannot be taken over by an installed package."""
    found: dict[str, Adapter] = {point.name: point.load() for point in entry_points(group=GROUP)}
    return {**found, **_built_in()}


def adapter_for(dialect: str) -> Adapter:
    """Return the adapter of a dialect; raises ``NoSuchDialect``."""
    try:
        return adapters()[dialect]
    except KeyError:
        raise NoSuchDialect(dialect) from None


def _built_in() -> dict[str, Adapter]:
    beside = pkgutil.iter_modules(fulfillment.suppliers.__path__)
    names = (module.name for module in beside if module.ispkg)
    return {name: import_module(f"fulfillment.suppliers.{name}.client").ADAPTER for name in names}
