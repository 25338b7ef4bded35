"""Callbacks: a durable queue, a ladder of tries, and scripted mischief."""

import json
import time
from typing import Any

from simulators.outgoing import post, post_copies
from simulators.supply.store import Row
from simulators.supply.supplier import Supplier
from simulators.ticker import Senders

_OPPOSITE = {"COMPLETED": "FAILED", "FAILED": "COMPLETED", "REJECTED": "COMPLETED",
             "REVERSED": "COMPLETED"}  # fmt: skip


def enqueue(sup: Supplier, row: Row) -> None:
    """Call inside the transaction that ends the order."""
    if not row["callback_url"]:
        return
    facts = {name: row[name] for name in ("external_id", "product", "account")}
    plan = sup.rules.plan("callback", facts)
    first = time.time() + float(plan.get("late", "seconds", 0))
    sup.store.insert(
        "callback",
        {
            "callback_id": f"CB{sup.store.next('callback'):014d}",
            "external_id": row["external_id"],
            "type": f"order.{row['state'].lower()}",
            "url": row["callback_url"],
            "key_id": row["key_id"],
            "shown": json.dumps(sup.dialect.shown(sup, row, cards=False), ensure_ascii=False),
            "plan": json.dumps(plan.as_dict()),
            "next_at": None if "none" in plan else first,
            "created_at": sup.clock.unix(),
        },
    )


def send_due(sup: Supplier, senders: Senders) -> None:
    due = "SELECT * FROM callback WHERE next_at <= ? ORDER BY next_at LIMIT 200"
    for row in sup.store.rows(due, time.time()):
        senders.offer(row["callback_id"], lambda row=row: _send(sup, row), sup.poke)  # type: ignore[misc]


def _send(sup: Supplier, seen: Row) -> None:
    row = sup.store.row("SELECT * FROM callback WHERE callback_id = ?", seen["callback_id"])
    if row is None or row["next_at"] is None or row["next_at"] > time.time():
        return
    plan = json.loads(row["plan"]) if row["tries"] == 0 else {}
    _mischief_before(sup, row, plan)
    twice = plan.get("duplicate", {"copies": 1})
    copies = int(twice.get("copies", 2))
    replies = post_copies(
        sup.dialect.message(sup, row),
        copies=copies,
        concurrency=int(twice.get("concurrency", copies)),
    )
    if "reorder" in plan:
        post(sup.dialect.message(sup, row, sup.dialect.claim("SUBMITTED"), "R"))
    done = any(sup.dialect.taken(reply) for reply in replies)
    tries = row["tries"] + 1
    again = None
    if not done and tries <= len(sup.ladder):
        again = time.time() + sup.ladder[tries - 1]
    sup.store.run(
        "UPDATE callback SET tries = ?, next_at = ?, acked_at = ?, last_status = ?"
        " WHERE callback_id = ?",
        tries,
        again,
        sup.clock.unix() if done else None,
        replies[-1].status,
        row["callback_id"],
    )


def _mischief_before(sup: Supplier, row: Row, plan: dict[str, dict[str, Any]]) -> None:
    if "forged" in plan:
        for kind in plan["forged"].get("kinds", sup.dialect.forgeries()):
            post(sup.dialect.forge(sup, row, kind))
    if "contradict" in plan:
        state = _OPPOSITE[row["type"].removeprefix("order.").upper()]
        post(sup.dialect.message(sup, row, sup.dialect.claim(state), "C"))
        time.sleep(min(10.0, float(plan["contradict"].get("seconds", 0))))
