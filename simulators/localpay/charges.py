"""Charges under a mandate: ordinary payments that no page was opened for, once by their number.

Whatever becomes of one, its number is used up: a charge that failed is a closed payment, and the
next try needs another number.
"""

import secrets
from typing import Any

from simulators.faults import Plan
from simulators.localpay import payments
from simulators.localpay.gateway import Gateway, Refusal
from simulators.localpay.store import Row, charge_of, mandate_of, payment_of

#: A charge that is being processed stays so at most this long.
OPEN_SECONDS = 86400


def create(gw: Gateway, wanted: dict[str, str], plan: Plan) -> Row:
    """The payment of that number, taken when it is new. Raises Refusal.

    A number that failed before is refused again by the same code; one used for something else is a
    conflict.
    """
    merchant_id, number = wanted["merchant_id"], wanted["number"]
    with gw.store.write():
        row = payment_of(gw.store, merchant_id, number)
        if row is None:
            mandate = mandate_of(gw.store, merchant_id, wanted["mandate"])
            if mandate is None:
                raise Refusal("MANDATE_NOT_EXIST", "no such mandate")
            _take(gw, mandate, wanted, plan)
        elif row["amount_minor"] is None:
            raise Refusal("PAYMENT_CLOSED", "closed before it was ever charged")
        else:
            _same_or_refuse(gw, row, wanted)
    gw.poke()
    row = payment_of(gw.store, merchant_id, number) or {}
    failure = (charge_of(gw.store, merchant_id, number) or {}).get("failure", "")
    if failure:
        raise Refusal(failure, "nothing was taken", **payments.shown(gw, row))
    return row


def _same_or_refuse(gw: Gateway, row: Row, wanted: dict[str, str]) -> None:
    charge = charge_of(gw.store, row["merchant_id"], row["number"])
    same = charge is not None and charge["mandate"] == wanted["mandate"]
    if not same or row["amount_minor"] != int(wanted["amount_minor"]):
        raise Refusal("NUMBER_CONFLICT", "this number was used for something else")
    if row["currency"] != wanted["currency"]:
        raise Refusal("NUMBER_CONFLICT", "this number was used with another currency")


def _take(gw: Gateway, mandate: Row, wanted: dict[str, str], plan: Plan) -> None:
    """Write the payment and its charge; then the money moves, or it is said why not."""
    now = gw.clock.unix()
    failure = _failure(mandate, wanted, plan)
    waits: dict[str, Any] = {}
    for fault, later in (("async", ""), ("async_fail", "INSUFFICIENT_FUNDS")):
        if fault in plan and not failure:
            due = now + float(plan.get(fault, "seconds", 1))
            waits = {"due_at": due, "due_failure": later}
    gw.store.insert(
        "payment",
        {
            "merchant_id": wanted["merchant_id"], "number": wanted["number"],
            "status": "CLOSED" if failure else "WAITING",
            "amount_minor": int(wanted["amount_minor"]), "currency": wanted["currency"],
            "subject": wanted["subject"], "notify_url": wanted["notify_url"], "return_url": "",
            "expires_at": now + OPEN_SECONDS, "token": secrets.token_urlsafe(24),
            "created_at": now, "closed_at": now if failure else None,
        },
    )  # fmt: skip
    gw.store.insert(
        "charge",
        {"merchant_id": wanted["merchant_id"], "number": wanted["number"],
         "mandate": wanted["mandate"], "failure": failure, "created_at": now, **waits},
    )  # fmt: skip
    if not failure and not waits:
        payments.take_money(gw, payment_of(gw.store, wanted["merchant_id"], wanted["number"]) or {})


def _failure(mandate: Row, wanted: dict[str, str], plan: Plan) -> str:
    """Why nothing can be taken; empty when it can."""
    if mandate["status"] != "SIGNED":
        return "MANDATE_ENDED" if mandate["status"] == "ENDED" else "MANDATE_NOT_SIGNED"
    if mandate["currency"] != wanted["currency"]:
        return "CURRENCY_MISMATCH"
    if int(wanted["amount_minor"]) > mandate["limit_minor"]:
        return "LIMIT_EXCEEDED"
    return "INSUFFICIENT_FUNDS" if "insufficient_funds" in plan else ""


def finish_due(gw: Gateway) -> None:
    """Charges that were being processed and whose hour has come; one the merchant closed stays so."""
    due = "SELECT * FROM charge WHERE due_at <= ? LIMIT 100"
    for row in gw.store.rows(due, gw.clock.unix()):
        _finish(gw, row)


def _finish(gw: Gateway, charge: Row) -> None:
    merchant_id, number = charge["merchant_id"], charge["number"]
    with gw.store.write():
        gw.store.run(
            "UPDATE charge SET due_at = NULL WHERE merchant_id = ? AND number = ?",
            merchant_id, number,
        )  # fmt: skip
        payment = payment_of(gw.store, merchant_id, number) or {}
        if payment.get("status") != "WAITING":
            return
        if not charge["due_failure"]:
            payments.take_money(gw, payment)
            return
        gw.store.run(
            "UPDATE charge SET failure = ? WHERE merchant_id = ? AND number = ?",
            charge["due_failure"], merchant_id, number,
        )  # fmt: skip
        payments.close(gw, merchant_id, number, tell=True)
