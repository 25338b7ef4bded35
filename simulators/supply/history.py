"""A busy day that has been: orders bought and charged as if a shop had made them, in one transaction."""

import random
from datetime import datetime, timedelta
from typing import Any

from simulators.clock import SHANGHAI
from simulators.supply.store import move_money
from simulators.supply.supplier import Supplier

SPAN = 86400 - 1800


def busy_day(sup: Supplier, body: dict[str, Any]) -> dict[str, Any]:
    """`day`, `orders`, `failed` (of them, charged and given back), `topup_minor`, `prefix`, `seed`."""
    day, prefix = str(body["day"]), str(body.get("prefix", "H"))
    start = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=SHANGHAI) + timedelta(minutes=15)
    draw = random.Random(f"{body.get('seed', 0)}:{day}:{prefix}")
    failed, key_id = int(body.get("failed", 0)), sup.newest_key()[0]
    times = sorted(draw.randint(60, SPAN) for _ in range(int(body["orders"])))
    with sup.store.write():
        topup = int(body.get("topup_minor", 0))
        if topup:
            move_money(sup.store, kind="TOPUP", amount_minor=topup, at=start.timestamp())
        for n, seconds in enumerate(times):
            at = (start + timedelta(seconds=seconds)).timestamp()
            _order(
                sup,
                f"{prefix}{n:08d}",
                draw.randint(100, 5000),
                at,
                failed=n < failed,
                key_id=key_id,
            )
    return {"orders": len(times)}


def _order(sup: Supplier, number: str, cost: int, at: float, *, failed: bool, key_id: str) -> None:
    order_id = sup.store.insert(
        "placed",
        {
            "external_id": number, "content": number, "product": "HISTORY", "kind": "direct",
            "quantity": 1, "target": "null", "account": "13800138000", "callback_url": "",
            "key_id": key_id, "state": "FAILED" if failed else "COMPLETED", "unit_minor": cost,
            "cost_minor": 0 if failed else cost, "delivered": 0 if failed else 1, "course": "{}",
            "created_at": at, "updated_at": at,
        },
    )  # fmt: skip
    move_money(sup.store, kind="ORDER", amount_minor=-cost, at=at, order_id=order_id)
    if failed:
        move_money(sup.store, kind="REFUND", amount_minor=cost, at=at + 2, order_id=order_id)
