"""What really happened, for a checker that trusts nobody's books."""

import json
from typing import Any

from simulators.localpay.gateway import Gateway
from simulators.server import Answer, Request, Router, json_answer

_SUMS = {
    "received_minor": "SELECT currency, sum(amount_minor) AS total FROM payment"
    " WHERE status = 'SUCCESS' GROUP BY currency",
    "fees_minor": "SELECT currency, sum(fee_minor) AS total FROM payment"
    " WHERE status = 'SUCCESS' GROUP BY currency",
    "refunded_minor": "SELECT currency, sum(amount_minor) AS total FROM refund"
    " WHERE status = 'SUCCESS' GROUP BY currency",
}


def truth(gw: Gateway, number: str | None) -> dict[str, Any]:
    """Payments, refunds, mandates, charges and notices, all or of one number; sums are always over all."""
    where, params = ("WHERE number = ?", (number,)) if number else ("", ())

    def rows(table: str, order: str) -> list[dict[str, Any]]:
        found = gw.store.rows(f"SELECT * FROM {table} {where} ORDER BY {order}", *params)
        return [{k: v for k, v in row.items() if k not in ("token", "plan")} for row in found]

    notices = rows("notice", "created_at, notice_id")
    for row in notices:
        row["fields"] = json.loads(row["fields"])
    sums = {
        name: {row["currency"]: row["total"] for row in gw.store.rows(sql)}
        for name, sql in _SUMS.items()
    }
    return {
        "payments": rows("payment", "created_at, number"),
        "refunds": rows("refund", "created_at, refund_number"),
        "notices": notices,
        "mandates": rows("mandate", "created_at, number"),
        "charges": rows("charge", "created_at, number"),
        **sums,
        "bill_breaks": gw.store.rows("SELECT * FROM break ORDER BY id"),
        "requests": dict(gw.requests),
    }


def mount(router: Router, gw: Gateway) -> None:
    def handle(request: Request) -> Answer:
        return json_answer(truth(gw, request.query_fields().get("number")))

    router.add("GET", "/truth", handle, local=True)
