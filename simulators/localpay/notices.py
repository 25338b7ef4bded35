"""Notices to the merchant: a durable queue, a ladder of tries, and scripted mischief."""

import json
import time
from http import HTTPStatus
from typing import Any

from simulators import clock
from simulators.localpay import forging
from simulators.localpay.gateway import Gateway
from simulators.localpay.messages import message
from simulators.localpay.store import Row
from simulators.outgoing import Reply, post, post_copies
from simulators.ticker import Senders

ACK = b"success"


def taken(reply: Reply) -> bool:
    """Exactly 200 and the seven bytes: anything else is told again."""
    return reply.status == HTTPStatus.OK and reply.body == ACK


def enqueue_payment(gw: Gateway, row: Row) -> None:
    """Call inside the transaction that changes the payment."""
    _enqueue(gw, row["notify_url"], payment_fields(row, gw.store.next("notice")))


def payment_fields(row: Row, notice_number: int) -> dict[str, str]:
    at = "paid_at" if row["status"] == "SUCCESS" else "closed_at"
    return {
        "service": "payment.notice",
        "notice_id": f"NTC{notice_number:016d}",
        "merchant_id": row["merchant_id"],
        "number": row["number"],
        "txn": row["txn"] or "",
        "amount_minor": str(row["amount_minor"]),
        "currency": row["currency"],
        "status": row["status"],
        at: clock.text(row[at]),
    }


def enqueue_refund(gw: Gateway, refund: Row, payment: Row) -> None:
    fields = {
        "service": "refund.notice",
        "notice_id": f"NTC{gw.store.next('notice'):016d}",
        "merchant_id": refund["merchant_id"],
        "number": refund["number"],
        "txn": payment["txn"],
        "refund_number": refund["refund_number"],
        "refund_txn": refund["refund_txn"],
        "amount_minor": str(refund["amount_minor"]),
        "currency": refund["currency"],
        "status": f"REFUND_{refund['status']}",
        "refunded_at": clock.text(refund["refunded_at"]),
    }
    _enqueue(gw, refund["notify_url"], fields)


def enqueue_mandate(gw: Gateway, row: Row) -> None:
    """Call inside the transaction that changes the mandate."""
    at = "ended_at" if row["status"] == "ENDED" else "signed_at"
    fields = {
        "service": "mandate.notice",
        "notice_id": f"NTC{gw.store.next('notice'):016d}",
        "merchant_id": row["merchant_id"],
        "number": row["number"],
        "agreement": row["agreement"] or "",
        "limit_minor": str(row["limit_minor"]),
        "currency": row["currency"],
        "status": row["status"],
        at: clock.text(row[at]),
    }
    _enqueue(gw, row["notify_url"], fields)


def _enqueue(gw: Gateway, url: str, fields: dict[str, str]) -> None:
    plan = gw.rules.plan("notice", fields)
    first = time.time() + float(plan.get("late", "seconds", 0))
    gw.store.insert(
        "notice",
        {
            "notice_id": fields["notice_id"],
            "merchant_id": fields["merchant_id"],
            "number": fields["number"],
            "status": fields["status"],
            "url": url,
            "fields": json.dumps({k: v for k, v in fields.items() if v}),
            "plan": json.dumps(plan.as_dict()),
            "next_at": None if "none" in plan else first,
            "created_at": gw.clock.unix(),
        },
    )


def send_due(gw: Gateway, senders: Senders) -> None:
    due = "SELECT * FROM notice WHERE next_at <= ? ORDER BY next_at LIMIT 200"
    for row in gw.store.rows(due, time.time()):
        senders.offer(row["notice_id"], lambda row=row: _send(gw, row), gw.poke)  # type: ignore[misc]


def _send(gw: Gateway, seen: Row) -> None:
    row = gw.store.row("SELECT * FROM notice WHERE notice_id = ?", seen["notice_id"])
    if row is None or row["next_at"] is None or row["next_at"] > time.time():
        return
    fields, plan = json.loads(row["fields"]), json.loads(row["plan"])
    if row["tries"] == 0:
        _mischief_first(gw, row["url"], fields, plan)
    twice = plan.get("duplicate") if row["tries"] == 0 else None
    copies = int(twice.get("copies", 2)) if twice is not None else 1
    replies = post_copies(
        message(gw, row["url"], fields),
        copies=copies,
        concurrency=int((twice or {}).get("concurrency", copies)),
    )
    done = any(taken(reply) for reply in replies)
    tries = row["tries"] + 1
    again = None
    if not done and tries <= len(gw.ladder):
        again = time.time() + gw.ladder[tries - 1]
    gw.store.run(
        "UPDATE notice SET tries = ?, next_at = ?, acked_at = ?, last_status = ?"
        " WHERE notice_id = ?",
        tries,
        again,
        gw.clock.unix() if done else None,
        replies[-1].status,
        row["notice_id"],
    )


def _mischief_first(
    gw: Gateway, url: str, fields: dict[str, str], plan: dict[str, dict[str, Any]]
) -> None:
    if "forged" in plan:
        for kind in plan["forged"].get("kinds", forging.KINDS):
            post(forging.forge(gw, url, fields, kind))
    if "reorder" in plan and fields["status"] == "SUCCESS":
        # Never the other way: no gateway signs that money came which did not.
        wrong = {**fields, "status": "CLOSED", "notice_id": fields["notice_id"] + "R"}
        post(message(gw, url, wrong))
