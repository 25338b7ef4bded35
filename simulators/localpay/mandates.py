"""Mandates (代扣): the buyer allows a merchant to take money up to a limit, until either ends it."""

import secrets
from typing import Any

from simulators import clock
from simulators.localpay import notices
from simulators.localpay.gateway import Gateway, Refusal
from simulators.localpay.store import Row, mandate_of

_TERMS = ("limit_minor", "currency")


def open_mandate(gw: Gateway, link: dict[str, str]) -> Row:
    """The mandate of a verified link; made when it is first seen. Raises Refusal."""
    merchant_id, number = link["merchant_id"], link["number"]
    details: dict[str, Any] = {
        "limit_minor": int(link["limit_minor"]),
        "currency": link["currency"],
        "subject": link["subject"],
        "notify_url": link["notify_url"],
        "return_url": link["return_url"],
        "expires_at": clock.parse(link["expires_at"]),
    }
    with gw.store.write():
        row = mandate_of(gw.store, merchant_id, number)
        if row is None:
            _create(gw, merchant_id, number, "PENDING", details)
        elif row["limit_minor"] is None:  # ended before its page was ever opened
            _update(gw, row, **details)
        elif any(row[name] != details[name] for name in _TERMS):
            raise Refusal("NUMBER_CONFLICT", "this number was used with another limit")
    return must(gw, merchant_id, number)


def sign(gw: Gateway, row: Row) -> Row:
    """The buyer agrees. Raises Refusal when it is over or too late."""
    with gw.store.write():
        row = must(gw, row["merchant_id"], row["number"])
        if row["status"] == "SIGNED":
            return row
        if row["status"] != "PENDING" or gw.clock.unix() >= row["expires_at"]:
            raise Refusal("MANDATE_ENDED", "it can no longer be signed")
        agreement = f"LM{gw.store.next('agreement'):014d}"
        _update(gw, row, status="SIGNED", agreement=agreement, signed_at=gw.clock.unix())
        row = must(gw, row["merchant_id"], row["number"])
        notices.enqueue_mandate(gw, row)
    gw.poke()
    return row


def refuse(gw: Gateway, row: Row) -> Row:
    """The buyer does not agree. Raises Refusal when they had agreed before."""
    with gw.store.write():
        row = must(gw, row["merchant_id"], row["number"])
        if row["status"] == "SIGNED":
            raise Refusal("MANDATE_SIGNED", "it is signed: end it instead")
        if row["status"] == "PENDING":
            _update(gw, row, status="REFUSED")
            row = must(gw, row["merchant_id"], row["number"])
            notices.enqueue_mandate(gw, row)
    gw.poke()
    return row


def revoke(gw: Gateway, row: Row) -> Row:
    """The buyer ends it at the gateway; the merchant is told."""
    return end(gw, row["merchant_id"], row["number"], by="buyer")


def end(gw: Gateway, merchant_id: str, number: str, *, by: str) -> Row:
    """End for good; a number never seen is ended too, and can no longer be signed."""
    now = gw.clock.unix()
    with gw.store.write():
        row = mandate_of(gw.store, merchant_id, number)
        if row is None:
            _create(gw, merchant_id, number, "ENDED", {"ended_at": now, "ended_by": by})
        elif row["status"] != "ENDED":
            _update(gw, row, status="ENDED", ended_at=now, ended_by=by)
            if by == "buyer":
                notices.enqueue_mandate(gw, must(gw, merchant_id, number))
    gw.poke()
    return must(gw, merchant_id, number)


def shown(row: Row) -> dict[str, str]:
    """The fields of a mandate in an answer."""
    return {
        "number": row["number"],
        "status": row["status"],
        "agreement": row["agreement"] or "",
        "limit_minor": "" if row["limit_minor"] is None else str(row["limit_minor"]),
        "currency": row["currency"] or "",
        "signed_at": clock.text(row["signed_at"]),
        "ended_at": clock.text(row["ended_at"]),
    }


def by_number(gw: Gateway, number: str) -> Row:
    """For scripts, which name a mandate by its number alone. Raises Refusal."""
    row = gw.store.row("SELECT * FROM mandate WHERE number = ? ORDER BY created_at LIMIT 1", number)
    if row is None:
        raise Refusal("MANDATE_NOT_EXIST", "open its page first")
    return row


def must(gw: Gateway, merchant_id: str, number: str) -> Row:
    """The mandate of that number. Raises Refusal."""
    row = mandate_of(gw.store, merchant_id, number)
    if row is None:
        raise Refusal("MANDATE_NOT_EXIST", "no such mandate")
    return row


def _create(gw: Gateway, merchant_id: str, number: str, status: str, more: dict[str, Any]) -> None:
    made = {"token": secrets.token_urlsafe(24), "created_at": gw.clock.unix()}
    fixed = {"merchant_id": merchant_id, "number": number, "status": status}
    gw.store.insert("mandate", {**fixed, **made, **more})


def _update(gw: Gateway, row: Row, **values: Any) -> None:
    names = ", ".join(f"{name} = ?" for name in values)
    gw.store.run(
        f"UPDATE mandate SET {names} WHERE merchant_id = ? AND number = ?",
        *values.values(),
        row["merchant_id"],
        row["number"],
    )
