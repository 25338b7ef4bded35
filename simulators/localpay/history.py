"""A busy day that has been: payments and refunds as if buyers had made them, in one transaction."""

import random
from datetime import datetime, timedelta
from typing import Any

from simulators.clock import SHANGHAI
from simulators.localpay.gateway import Gateway, fee_of

#: A day's last quarter of an hour is left out unless a script asks for it.
SECONDS = 86400 - 900


def busy_day(gw: Gateway, body: dict[str, Any]) -> dict[str, Any]:
    """`day`, `payments`, `refunds` (of the first ones, half of each), `prefix`, `seed`, `seconds`."""
    day, prefix = str(body["day"]), str(body.get("prefix", "H"))
    merchant = str(body.get("merchant_id") or next(iter(gw.keys.merchants())))
    start = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=SHANGHAI) + timedelta(minutes=15)
    draw = random.Random(f"{body.get('seed', 0)}:{day}:{prefix}")
    span = int(body.get("seconds", SECONDS - 900))
    stamp, amounts = day.replace("-", ""), []
    with gw.store.write():
        for n in range(int(body["payments"])):
            amount = draw.randint(100, 50_000)
            at = (start + timedelta(seconds=draw.randint(0, span))).timestamp()
            amounts.append((n, amount, at))
            gw.store.insert(
                "payment",
                {
                    "merchant_id": merchant, "number": f"{prefix}P{n:08d}", "status": "SUCCESS",
                    "amount_minor": amount, "currency": "CNY", "token": f"{prefix}-{n}",
                    "txn": f"LP{stamp}{gw.store.next('txn'):012d}", "expires_at": at + 900,
                    "fee_minor": fee_of(amount, gw.fee_bps), "created_at": at, "paid_at": at,
                },
            )  # fmt: skip
        for n, amount, at in amounts[: int(body.get("refunds", 0))]:
            gw.store.insert(
                "refund",
                {
                    "merchant_id": merchant, "refund_number": f"{prefix}R{n:08d}",
                    "number": f"{prefix}P{n:08d}", "amount_minor": amount // 2 + 1,
                    "currency": "CNY", "reason": "history", "notify_url": "", "status": "SUCCESS",
                    "refund_txn": f"LR{stamp}{gw.store.next('refund'):012d}", "created_at": at,
                    "refunded_at": min(at + 60, start.timestamp() + span),
                },
            )  # fmt: skip
    return {"payments": len(amounts)}
