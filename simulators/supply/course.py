"""What becomes of an order that was taken: SUBMITTED, then an end, rarely a reversal."""

import json
import secrets
import time
from typing import Any

from simulators import clock
from simulators.faults import Plan
from simulators.supply import callbacks
from simulators.supply.store import Row, move_money, order_of, set_order
from simulators.supply.supplier import Supplier

ENDS = ("COMPLETED", "REJECTED", "FAILED", "REVERSED")
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def planned(sup: Supplier, plan: Plan) -> dict[str, Any]:
    """The course of an order, decided when it is taken so that a restart changes nothing."""
    out: dict[str, Any] = {"end": "COMPLETED", "wait": sup.complete_after}
    for fault, end, code in (
        ("reject_later", "REJECTED", "OUT_OF_STOCK"),
        ("fail", "FAILED", "OPERATOR_FAILED"),
    ):
        if fault in plan:
            out["end"], out["code"] = end, str(plan.get(fault, "code", code))
            out["wait"] = float(plan.get(fault, "seconds", sup.complete_after))
    out["wait"] += float(plan.get("slow", "seconds", 0))
    if "stuck" in plan:
        out["stuck"] = str(plan.get("stuck", "state", "SUBMITTED"))
    if "partial" in plan:
        out["delivered"] = int(plan.get("partial", "delivered", 0))
    if "reverse" in plan:
        out["reverse_after"] = float(plan.get("reverse", "seconds", 1))
    if "sold_code" in plan:
        out["sold"] = [plan.get("sold_code", name, None) for name in ("number", "secret")]
    return out


def first_step(sup: Supplier, plan: Plan, now: float) -> float | None:
    return None if plan.get("stuck", "state", "") == "PENDING" else now + sup.submit_after


def run_due(sup: Supplier, row: Row) -> Row:
    """Every step of one order whose time has come; call it inside `write`."""
    while row["next_at"] is not None and row["next_at"] <= time.time():
        _step(sup, row)
        row = order_of(sup.store, row["external_id"]) or row
    return row


def run_all_due(sup: Supplier) -> None:
    with sup.store.write():
        sql = "SELECT * FROM placed WHERE next_at <= ? ORDER BY next_at LIMIT 200"
        for row in sup.store.rows(sql, time.time()):
            run_due(sup, row)


def _step(sup: Supplier, row: Row) -> None:
    plan = json.loads(row["course"])
    if row["state"] == "PENDING":
        stuck = plan.get("stuck") == "SUBMITTED"
        next_at = None if stuck else row["next_at"] + plan["wait"]
        _change(sup, row, state="SUBMITTED", next_at=next_at)
    elif row["state"] == "SUBMITTED":
        end(sup, row, plan["end"], code=plan.get("code", ""))
    elif row["state"] == "COMPLETED":
        end(sup, row, "REVERSED")
    else:
        set_order(sup.store, row["id"], next_at=None)


def end(sup: Supplier, row: Row, state: str, *, code: str = "") -> Row:
    """Bring an order to an end; call it inside `write`. Raises ValueError when it cannot be."""
    open_still = row["state"] in ("PENDING", "SUBMITTED")
    if (
        state not in ENDS
        or open_still == (state == "REVERSED")
        or (state == "REVERSED" and row["state"] != "COMPLETED")
    ):
        raise ValueError(f"{row['state']} cannot become {state}")
    if state == "COMPLETED":
        _complete(sup, row)
    elif state == "REVERSED":
        _reverse(sup, row)
    else:
        default = "OUT_OF_STOCK" if state == "REJECTED" else "OPERATOR_FAILED"
        _give_back(sup, row, units=row["quantity"], kind="REFUND")
        _change(sup, row, state=state, reason=code or default, cost_minor=0, next_at=None)
    row = order_of(sup.store, row["external_id"]) or row
    callbacks.enqueue(sup, row)
    sup.poke()
    return row


def _complete(sup: Supplier, row: Row) -> None:
    plan = json.loads(row["course"])
    units = min(row["quantity"], max(0, int(plan.get("delivered", row["quantity"]))))
    receipt = f"OP{row['id']:08d}{secrets.randbelow(10**6):06d}" if row["kind"] == "direct" else ""
    for unit in range(1, units + 1):
        _grant(sup, row, unit, receipt, plan.get("sold"))
    if units < row["quantity"]:
        _give_back(sup, row, units=row["quantity"] - units, kind="REFUND")
    after = plan.get("reverse_after")
    _change(
        sup,
        row,
        state="COMPLETED",
        delivered=units,
        cost_minor=row["unit_minor"] * units,
        receipt=receipt,
        next_at=None if after is None else time.time() + after,
    )


def _grant(sup: Supplier, row: Row, unit: int, receipt: str, sold: list[str | None] | None) -> None:
    card: dict[str, Any] = {}
    if row["kind"] == "card":
        number, secret = _card(sup, row, sold)
        expires = clock.text(sup.clock.unix() + 3 * 365 * 86400)[:10]
        card = {"number": number, "secret": secret, "expires_on": expires}
    sup.store.insert(
        "granted",
        {
            "order_id": row["id"],
            "external_id": row["external_id"],
            "product": row["product"],
            "unit": unit,
            "target": row["target"],
            "account": row["account"],
            "cost_minor": row["unit_minor"],
            "receipt": receipt,
            "at": sup.clock.unix(),
            **card,
        },
    )


def _card(sup: Supplier, row: Row, sold: list[str | None] | None) -> tuple[str, str]:
    """A new code, or by script one that was sold before."""
    fresh = "SC" + "".join(secrets.choice("0123456789") for _ in range(14))
    secret = "".join(secrets.choice(_ALPHABET) for _ in range(16))
    if sold is None:
        return fresh, secret
    old = sup.store.row(
        "SELECT number, secret FROM granted WHERE product = ? AND number IS NOT NULL LIMIT 1",
        row["product"],
    )
    return (
        sold[0] or (old["number"] if old else fresh),
        sold[1] or (old["secret"] if old else secret),
    )


def _reverse(sup: Supplier, row: Row) -> None:
    sup.store.run(
        "UPDATE granted SET reversed_at = ? WHERE order_id = ?", sup.clock.unix(), row["id"]
    )
    _give_back(sup, row, units=row["delivered"], kind="REVERSAL")
    _change(sup, row, state="REVERSED", reason="OPERATOR_REVERSED", cost_minor=0, next_at=None)


def _give_back(sup: Supplier, row: Row, *, units: int, kind: str) -> None:
    move_money(
        sup.store,
        kind=kind,
        amount_minor=row["unit_minor"] * units,
        at=sup.clock.unix(),
        order_id=row["id"],
    )
    if kind == "REFUND":
        sup.store.run(
            "UPDATE product SET stock = stock + ? WHERE code = ? AND stock IS NOT NULL",
            units,
            row["product"],
        )


def _change(sup: Supplier, row: Row, **values: Any) -> None:
    set_order(
        sup.store, row["id"], version=row["version"] + 1, updated_at=sup.clock.unix(), **values
    )
