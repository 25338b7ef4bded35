"""What was really delivered and charged, for a checker that trusts nobody's books."""

import json
from typing import Any

from simulators.server import Answer, Request, Router, json_answer
from simulators.supply.store import balance_of
from simulators.supply.supplier import Supplier

_NARROW = ("external_id", "account", "product")
_ORDER = (
    "id, external_id, product, kind, quantity, target, account, state, reason, refused,"
    " unit_minor, cost_minor, delivered, receipt, version, created_at, updated_at"
)


def truth(sup: Supplier, narrow: dict[str, str]) -> dict[str, Any]:
    """Orders and grants, all or narrowed; movements and balance are always whole."""
    kept = {name: value for name, value in narrow.items() if name in _NARROW}
    where = " AND ".join(f"{name} = ?" for name in kept) or "1"
    rows = sup.store.rows
    orders = rows(f"SELECT {_ORDER} FROM placed WHERE {where} ORDER BY id", *kept.values())
    grants = rows(f"SELECT * FROM granted WHERE {where} ORDER BY id", *kept.values())
    for row in [*orders, *grants]:
        row["target"] = json.loads(row["target"])
    callbacks = rows("SELECT * FROM callback ORDER BY created_at, callback_id")
    for row in callbacks:
        row["shown"] = json.loads(row["shown"])
        del row["plan"]
    return {
        "orders": orders,
        "grants": grants,
        "movements": rows("SELECT * FROM movement ORDER BY id"),
        "balance_minor": balance_of(sup.store),
        "callbacks": callbacks,
        "statement_breaks": rows("SELECT * FROM break ORDER BY id"),
        "requests": dict(sup.requests),
    }


def mount(router: Router, sup: Supplier) -> None:
    def handle(request: Request) -> Answer:
        return json_answer(truth(sup, request.query_fields()))

    router.add("GET", "/truth", handle, local=True)
