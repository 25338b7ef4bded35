"""Refunds: idempotent by their number, never more than was paid."""

from typing import Any

from simulators import clock
from simulators.faults import Plan
from simulators.localpay import notices
from simulators.localpay.gateway import Gateway, Refusal
from simulators.localpay.store import Row, payment_of, refund_of, refunded_minor


def create(gw: Gateway, wanted: dict[str, str], plan: Plan) -> Row:
    """The refund of that number, made when it is new. Raises Refusal."""
    merchant_id, number = wanted["merchant_id"], wanted["refund_number"]
    with gw.store.write():
        row = refund_of(gw.store, merchant_id, number)
        if row is not None:
            _same_or_refuse(row, wanted)
            return row
        payment = payment_of(gw.store, merchant_id, wanted["number"])
        _check(gw, payment, wanted)
        _insert(gw, payment or {}, wanted, plan)
        if "async" not in plan and "async_fail" not in plan:
            finish(gw, merchant_id, number, "SUCCESS")
    gw.poke()
    return _must(gw, merchant_id, number)


def _same_or_refuse(row: Row, wanted: dict[str, str]) -> None:
    same = row["number"] == wanted["number"] and row["currency"] == wanted["currency"]
    if not same or row["amount_minor"] != int(wanted["amount_minor"]):
        raise Refusal("REFUND_CONFLICT", "this refund number was used for something else")


def _check(gw: Gateway, payment: Row | None, wanted: dict[str, str]) -> None:
    if payment is None:
        raise Refusal("PAYMENT_NOT_EXIST", "no such payment")
    if payment["status"] != "SUCCESS":
        raise Refusal("PAYMENT_NOT_PAID", "nothing was paid")
    if payment["currency"] != wanted["currency"]:
        raise Refusal("CURRENCY_MISMATCH", f"paid in {payment['currency']}")
    gone = refunded_minor(gw.store, payment["merchant_id"], payment["number"], open_too=True)
    if gone + int(wanted["amount_minor"]) > payment["amount_minor"]:
        raise Refusal("REFUND_EXCEEDS", f"{payment['amount_minor'] - gone} can be refunded")


def _insert(gw: Gateway, payment: Row, wanted: dict[str, str], plan: Plan) -> None:
    now = gw.clock.unix()
    due: dict[str, Any] = {}
    for fault, status in (("async", "SUCCESS"), ("async_fail", "FAILED")):
        if fault in plan:
            seconds = float(plan.get(fault, "seconds", 1))
            due = {"due_at": now + seconds, "due_status": status}
    stamp = clock.text(now)[:10].replace("-", "")
    gw.store.insert(
        "refund",
        {
            "merchant_id": wanted["merchant_id"],
            "refund_number": wanted["refund_number"],
            "number": wanted["number"],
            "amount_minor": int(wanted["amount_minor"]),
            "currency": wanted["currency"],
            "reason": wanted.get("reason", ""),
            "notify_url": wanted.get("notify_url", "") or payment["notify_url"],
            "status": "PROCESSING",
            "refund_txn": f"LR{stamp}{gw.store.next('refund'):012d}",
            "created_at": now,
            **due,
        },
    )


def finish(gw: Gateway, merchant_id: str, refund_number: str, status: str) -> Row:
    """PROCESSING ends in SUCCESS or FAILED, once. Raises Refusal when it is over already."""
    if status not in ("SUCCESS", "FAILED"):
        raise ValueError(f"a refund does not end as {status}")
    with gw.store.write():
        changed = gw.store.run(
            "UPDATE refund SET status = ?, due_at = NULL, refunded_at = ?"
            " WHERE merchant_id = ? AND refund_number = ? AND status = 'PROCESSING'",
            status,
            gw.clock.unix() if status == "SUCCESS" else None,
            merchant_id,
            refund_number,
        )
        if changed == 0:
            raise Refusal("REFUND_NOT_EXIST", "no refund of that number is open")
        row = _must(gw, merchant_id, refund_number)
        notices.enqueue_refund(gw, row, _paid(gw, row))
    gw.poke()
    return row


def finish_due(gw: Gateway) -> None:
    due = "SELECT * FROM refund WHERE due_at <= ? AND status = 'PROCESSING' LIMIT 100"
    for row in gw.store.rows(due, gw.clock.unix()):
        finish(gw, row["merchant_id"], row["refund_number"], row["due_status"])


def shown(gw: Gateway, row: Row) -> dict[str, str]:
    """The fields of a refund in an answer."""
    return {
        "number": row["number"],
        "refund_number": row["refund_number"],
        "status": row["status"],
        "amount_minor": str(row["amount_minor"]),
        "currency": row["currency"],
        "txn": _paid(gw, row)["txn"],
        "refund_txn": row["refund_txn"],
        "refunded_at": clock.text(row["refunded_at"]),
    }


def _paid(gw: Gateway, refund: Row) -> Row:
    return payment_of(gw.store, refund["merchant_id"], refund["number"]) or {}


def _must(gw: Gateway, merchant_id: str, refund_number: str) -> Row:
    row = refund_of(gw.store, merchant_id, refund_number)
    if row is None:
        raise Refusal("REFUND_NOT_EXIST", "no such refund")
    return row
