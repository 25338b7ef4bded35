"""Payments: opened by the pay page, paid by the buyer, closed by the merchant."""

import secrets
from typing import Any

from simulators import clock
from simulators.localpay import notices
from simulators.localpay.gateway import Gateway, Refusal, fee_of
from simulators.localpay.store import Row, charge_of, payment_of, refunded_minor

LATE_BY = 1.0


def open_payment(gw: Gateway, link: dict[str, str]) -> Row:
    """The payment of a verified pay link; made when it is first seen. Raises Refusal."""
    merchant_id, number = link["merchant_id"], link["number"]
    details = {
        "amount_minor": int(link["amount_minor"]),
        "currency": link["currency"],
        "subject": link["subject"],
        "notify_url": link["notify_url"],
        "return_url": link["return_url"],
        "expires_at": clock.parse(link["expires_at"]),
    }
    with gw.store.write():
        row = payment_of(gw.store, merchant_id, number)
        if row is None:
            _create(gw, merchant_id, number, "WAITING", details)
        elif row["amount_minor"] is None:  # closed before its page was ever opened
            _fill(gw, merchant_id, number, details)
        elif any(row[name] != details[name] for name in ("amount_minor", "currency")):
            raise Refusal("NUMBER_CONFLICT", "this number was used with another amount")
    return _must(gw, merchant_id, number)


def pay(gw: Gateway, row: Row) -> Row:
    """The buyer pays in time. Raises Refusal when the payment is expired or closed."""
    with gw.store.write():
        row = _must(gw, row["merchant_id"], row["number"])
        if row["status"] == "SUCCESS":
            return row
        if row["status"] != "WAITING":
            raise Refusal("PAYMENT_CLOSED", "closed")
        if gw.clock.unix() >= row["expires_at"]:
            raise Refusal("PAYMENT_EXPIRED", "expired")
        return take_money(gw, row)


def pay_late(gw: Gateway, row: Row, *, at_once: bool = False) -> Row:
    """The money arrives after expiry, whatever the merchant has done meanwhile."""
    with gw.store.write():
        row = _must(gw, row["merchant_id"], row["number"])
        if row["status"] == "SUCCESS":
            return row
        if row["amount_minor"] is None:
            raise Refusal("PAYMENT_CLOSED", "never opened: there is no amount to pay")
        if at_once or gw.clock.unix() >= row["expires_at"] + LATE_BY:
            return take_money(gw, row)
        _update(gw, row, late_at=row["expires_at"] + LATE_BY)
    gw.poke()
    return _must(gw, row["merchant_id"], row["number"])


def take_money(gw: Gateway, row: Row) -> Row:
    """Money has moved: the row, the fee and the notice to come, in one transaction."""
    now = gw.clock.unix()
    with gw.store.write():
        stamp = clock.text(now)[:10].replace("-", "")
        txn = f"LP{stamp}{gw.store.next('txn'):012d}"
        fee = fee_of(row["amount_minor"], gw.fee_bps)
        _update(gw, row, status="SUCCESS", txn=txn, paid_at=now, fee_minor=fee, late_at=None)
        row = _must(gw, row["merchant_id"], row["number"])
        notices.enqueue_payment(gw, row)
    gw.poke()
    return row


def close(gw: Gateway, merchant_id: str, number: str, *, tell: bool = False) -> Row:
    """Close for good; a number never seen is closed too. Raises Refusal when it is paid."""
    with gw.store.write():
        row = payment_of(gw.store, merchant_id, number)
        if row is None:
            _create(gw, merchant_id, number, "CLOSED", {"closed_at": gw.clock.unix()})
        elif row["status"] == "SUCCESS":
            raise Refusal("PAYMENT_PAID", "the money is there", **shown(gw, row))
        elif row["status"] == "WAITING":
            _update(gw, row, status="CLOSED", closed_at=gw.clock.unix())
            if tell:
                notices.enqueue_payment(gw, _must(gw, merchant_id, number))
    gw.poke()
    return _must(gw, merchant_id, number)


def take_late_money(gw: Gateway) -> None:
    """Payments whose buyer pressed "pay late" and whose hour has come."""
    due = "SELECT * FROM payment WHERE late_at <= ? AND status <> 'SUCCESS' LIMIT 100"
    for row in gw.store.rows(due, gw.clock.unix()):
        pay_late(gw, row, at_once=True)


def shown(gw: Gateway, row: Row) -> dict[str, str]:
    """The fields of a payment in an answer."""
    back = refunded_minor(gw.store, row["merchant_id"], row["number"], open_too=False)
    return {
        "number": row["number"],
        "status": row["status"],
        "amount_minor": "" if row["amount_minor"] is None else str(row["amount_minor"]),
        "currency": row["currency"] or "",
        "txn": row["txn"] or "",
        "paid_at": clock.text(row["paid_at"]),
        "closed_at": clock.text(row["closed_at"]),
        "refunded_minor": str(back),
        "failure": (charge_of(gw.store, row["merchant_id"], row["number"]) or {}).get(
            "failure", ""
        ),
    }


def _create(gw: Gateway, merchant_id: str, number: str, status: str, more: dict[str, Any]) -> None:
    fixed = {"merchant_id": merchant_id, "number": number, "status": status}
    made = {"token": secrets.token_urlsafe(24), "created_at": gw.clock.unix()}
    gw.store.insert("payment", {**fixed, **made, **more})


def _fill(gw: Gateway, merchant_id: str, number: str, details: dict[str, Any]) -> None:
    _update(gw, {"merchant_id": merchant_id, "number": number}, **details)


def _update(gw: Gateway, row: Row, **values: Any) -> None:
    names = ", ".join(f"{name} = ?" for name in values)
    gw.store.run(
        f"UPDATE payment SET {names} WHERE merchant_id = ? AND number = ?",
        *values.values(),
        row["merchant_id"],
        row["number"],
    )


def _must(gw: Gateway, merchant_id: str, number: str) -> Row:
    row = payment_of(gw.store, merchant_id, number)
    if row is None:
        raise Refusal("PAYMENT_NOT_EXIST", "no such payment")
    return row
