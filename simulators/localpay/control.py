"""Scripts' side of the gateway: `/control/*`, loopback only."""

import base64
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from simulators import breaks
from simulators.control import Act, Refused, common_acts
from simulators.control import mount as mount_acts
from simulators.localpay import (
    bill,
    forging,
    history,
    mandate_routes,
    mandates,
    notices,
    page_routes,
    payments,
    refunds,
)
from simulators.localpay.gateway import Gateway, Refusal
from simulators.localpay.messages import message
from simulators.localpay.store import Row, payment_by_number
from simulators.outgoing import Message, post_copies
from simulators.server import Request, Router

Body = dict[str, Any]


def mount(router: Router, gw: Gateway) -> None:
    own: dict[str, Callable[[Gateway, Body], Body]] = {
        "pay": _pay,
        "open": _open,
        "pay_late": _pay_late,
        "close": _close,
        "finish_refund": _finish_refund,
        "notice": _notice,
        "renotify": _renotify,
        "rotate_key": _rotate_key,
        "bill_breaks": _bill_breaks,
        "bill_charset": _bill_charset,
        "busy_day": history.busy_day,
        "open_mandate": _open_mandate,
        "sign": _mandate_act(mandates.sign),
        "refuse": _mandate_act(mandates.refuse),
        "revoke": _mandate_act(mandates.revoke),
    }
    acts: dict[str, Act] = {name: _guarded(gw, act) for name, act in own.items()}
    mount_acts(router, {**common_acts(gw.rules, gw.clock, gw.poke), **acts})


def _guarded(gw: Gateway, act: Callable[[Gateway, Body], Body]) -> Act:
    def run(body: Body) -> Body:
        try:
            return act(gw, body)
        except Refusal as why:
            raise Refused(str(why)) from why

    return run


def _must(gw: Gateway, body: Body) -> Row:
    row = payment_by_number(gw.store, str(body["number"]))
    if row is None:
        raise Refused("PAYMENT_NOT_EXIST: open its page first")
    return row


def _pay(gw: Gateway, body: Body) -> Body:
    row = payments.pay(gw, _must(gw, body))
    return {**payments.shown(gw, row), "notified": _await_notice(gw, row, body.get("wait", 0))}


def _open(gw: Gateway, body: Body) -> Body:
    query = str(body.get("query") or urlsplit(str(body["url"])).query)
    link = Request("GET", "", "/pay", query, {}, b"", "").query_fields()
    return payments.shown(gw, page_routes.open_link(gw, link))


def _open_mandate(gw: Gateway, body: Body) -> Body:
    link = Request("GET", "", "/mandate", urlsplit(str(body["url"])).query, {}, b"", "")
    return mandates.shown(mandate_routes.open_link(gw, link.query_fields()))


def _mandate_act(act: Callable[[Gateway, Row], Row]) -> Callable[[Gateway, Body], Body]:
    """What a button of the mandate's page does."""

    def run(gw: Gateway, body: Body) -> Body:
        row = mandates.by_number(gw, str(body["number"]))
        return mandates.shown(act(gw, row))

    return run


def _pay_late(gw: Gateway, body: Body) -> Body:
    row = payments.pay_late(gw, _must(gw, body), at_once=bool(body.get("at_once")))
    return {**payments.shown(gw, row), "notified": _await_notice(gw, row, body.get("wait", 0))}


def _await_notice(gw: Gateway, row: Row, seconds: float) -> bool:
    """Wait until the first try of the latest notice is over; True when the shop took it."""
    sql = "SELECT * FROM notice WHERE merchant_id = ? AND number = ? ORDER BY rowid DESC LIMIT 1"
    end = time.monotonic() + float(seconds)
    while True:
        found = gw.store.row(sql, row["merchant_id"], row["number"])
        if found is not None and found["tries"] > 0:
            return found["acked_at"] is not None
        if time.monotonic() >= end:
            return False
        time.sleep(0.01)


def _close(gw: Gateway, body: Body) -> Body:
    row = _must(gw, body)
    return payments.shown(gw, payments.close(gw, row["merchant_id"], row["number"], tell=True))


def _finish_refund(gw: Gateway, body: Body) -> Body:
    number = str(body["refund_number"])
    row = gw.store.row("SELECT * FROM refund WHERE refund_number = ?", number)
    if row is None:
        raise Refused("REFUND_NOT_EXIST")
    done = refunds.finish(gw, row["merchant_id"], number, str(body.get("status", "SUCCESS")))
    return refunds.shown(gw, done)


def _notice(gw: Gateway, body: Body) -> Body:
    """Build a notice without sending it, also for a payment that is not paid or not known."""
    number = str(body["number"])
    row = payment_by_number(gw.store, number) or {}
    paid = {
        "merchant_id": row.get("merchant_id") or next(iter(gw.keys.merchants()), ""),
        "number": number,
        "txn": row.get("txn") or f"LP00000000{int(gw.clock.unix()):012d}",
        "amount_minor": row.get("amount_minor") or 1,
        "currency": row.get("currency") or "CNY",
        "paid_at": row.get("paid_at") or gw.clock.unix(),
        "status": "SUCCESS",
    }
    with gw.store.write():
        fields = _last_fields(gw, row) or notices.payment_fields(paid, gw.store.next("notice"))
    fields |= {str(k): str(v) for k, v in dict(body.get("changes") or {}).items()}
    url = str(row.get("notify_url") or body.get("url") or "")
    made = (
        forging.forge(gw, url, fields, str(body["forge"]))
        if body.get("forge")
        else message(gw, url, fields)
    )
    return _shown(made)


def _shown(made: Message) -> Body:
    return {
        "url": made.url,
        "headers": dict(made.headers),
        "body_base64": base64.b64encode(made.body).decode(),
    }


def _last_fields(gw: Gateway, row: Row) -> dict[str, str]:
    sql = (
        "SELECT fields FROM notice WHERE merchant_id = ? AND number = ? ORDER BY rowid DESC LIMIT 1"
    )
    found = gw.store.row(sql, row.get("merchant_id"), row.get("number"))
    return {} if found is None else dict(json.loads(found["fields"]))


def _renotify(gw: Gateway, body: Body) -> Body:
    row = _must(gw, body)
    fields = _last_fields(gw, row)
    if not fields:
        raise Refused("nothing was ever to be told about this payment")
    copies = int(body.get("copies", 1))
    replies = post_copies(
        message(gw, row["notify_url"], fields),
        copies=copies,
        concurrency=int(body.get("concurrency", copies)),
    )
    return {"statuses": [reply.status for reply in replies],
            "acked": sum(notices.taken(r) for r in replies)}  # fmt: skip


def _rotate_key(gw: Gateway, body: Body) -> Body:
    return {"key_id": gw.keys.rotate(keep_old=bool(body.get("keep_old", True)))}


def _bill_breaks(gw: Gateway, body: Body) -> Body:
    merchant_id = str(body.get("merchant_id") or next(iter(gw.keys.merchants())))
    day = str(body["day"])
    planted = breaks.plant(
        gw.store,
        bill.SHAPE,
        bill.lines_of(gw, merchant_id, day),
        day=day,
        count=int(body.get("count", 1)),
        seed=int(body.get("seed", 0)),
        kinds=list(body.get("kinds") or breaks.KINDS),
    )
    return {"breaks": planted}


def _bill_charset(gw: Gateway, body: Body) -> Body:
    charset = str(body["charset"])
    if charset not in ("utf-8", "gbk"):
        raise ValueError("utf-8 or gbk")
    gw.store.set_meta("bill_charset", charset)
    return {}
