"""Acts of staff: a closed list, filled by the floors that own them, with the roles that may.

`register("orders.refund", _("Refund an order"), roles=("operator", "finance"))` in
`AppConfig.ready()`. The owner may every act; who is not named may not.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.functional import Promise

from core.sockets import Socket

ROLE_NAMES = frozenset({"owner", "operator", "support", "finance", "auditor"})


@dataclass(frozen=True, slots=True)
class Act:
    """Something staff do, what it is called, and which roles may."""

    name: str
    title: str | Promise
    roles: frozenset[str]


ACTS: Socket[Act] = Socket("staff acts")


def register(name: str, title: str | Promise, *, roles: Iterable[str] = ()) -> Act:
    """Add an act. Raises ValueError for a role that does not exist or a name taken otherwise."""
    chosen = frozenset(roles) | {"owner"}
    if unknown := chosen - ROLE_NAMES:
        raise ValueError(f"{name}: no such role {sorted(unknown)}")
    return ACTS.register(name, Act(name, title, chosen))
