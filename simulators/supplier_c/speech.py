"""Dialect C as the engine of a supplier sees it."""

from http import HTTPStatus
from typing import Any

from simulators.control import Act
from simulators.outgoing import Message, Reply
from simulators.supplier_c import forging, messages, shown
from simulators.supply.store import Row
from simulators.supply.supplier import Supplier


class RestHmac:
    name = "supplier_c"

    def shown(self, sup: Supplier, row: Row, *, cards: bool = True) -> dict[str, Any]:
        return shown.shown(sup, row, cards=cards)

    def item(self, row: Row) -> dict[str, Any]:
        return shown.item(row)

    def claim(self, state: str) -> dict[str, Any]:
        older = {"version": 2, "delivered": 0, "reason": None} if state == "SUBMITTED" else {}
        return {"state": state, **older}

    def message(
        self, sup: Supplier, row: Row, changes: dict[str, Any] | None = None, mark: str = ""
    ) -> Message:
        return messages.of_row(sup, row, changes, mark)

    def forge(
        self, sup: Supplier, row: Row, kind: str, changes: dict[str, Any] | None = None
    ) -> Message:
        return forging.forge(sup, row, kind, changes)

    def forgeries(self) -> tuple[str, ...]:
        return forging.KINDS

    def acts(self) -> dict[str, Act]:
        return {}

    def taken(self, reply: Reply) -> bool:
        return HTTPStatus.OK <= reply.status < HTTPStatus.MULTIPLE_CHOICES
