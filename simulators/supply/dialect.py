"""What a dialect adds to a supplier: how it shows an order, and how it calls back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from simulators.control import Act
from simulators.outgoing import Message, Reply
from simulators.supply.store import Row

if TYPE_CHECKING:
    from simulators.supply.supplier import Supplier


class Dialect(Protocol):
    name: str

    def shown(self, sup: Supplier, row: Row, *, cards: bool = True) -> dict[str, Any]:
        """An order as answers show it; callbacks leave the cards out."""
        ...

    def item(self, row: Row) -> dict[str, Any]:
        """A product as the catalogue shows it."""
        ...

    def claim(self, state: str) -> dict[str, Any]:
        """What changes in a callback so that it claims another state (our word for it)."""
        ...

    def message(
        self, sup: Supplier, row: Row, changes: dict[str, Any] | None = None, mark: str = ""
    ) -> Message:
        """The callback of a callback row, truly signed, fresh now."""
        ...

    def forge(
        self, sup: Supplier, row: Row, kind: str, changes: dict[str, Any] | None = None
    ) -> Message:
        """One callback that a shop must not believe. Raises ValueError for no such kind."""
        ...

    def forgeries(self) -> tuple[str, ...]: ...

    def acts(self) -> dict[str, Act]:
        """What scripts may tell this dialect besides what they may tell every supplier."""
        ...

    def taken(self, reply: Reply) -> bool:
        """Whether the shop's answer ends the repeats."""
        ...
