"""The gateway put together."""

import argparse
import os
import time
from pathlib import Path

from simulators import running
from simulators.clock import Clock
from simulators.faults import Rules
from simulators.localpay import (
    api,
    bill,
    charges,
    control,
    mandate_routes,
    notices,
    page_routes,
    payments,
    refunds,
    truth,
)
from simulators.localpay.gateway import FAULTS, Gateway
from simulators.localpay.keys import KeyRing
from simulators.localpay.store import SCHEMA
from simulators.server import Router, json_answer
from simulators.store import Store
from simulators.ticker import Senders, Ticker


def parser() -> argparse.ArgumentParser:
    out = running.parser("localpay")
    out.add_argument("--merchant", action="append", default=[], metavar="ID:PUBLIC_PEM")
    out.add_argument("--merchant-key", type=Path, help="the same as --merchant QUANYI:FILE")
    out.add_argument("--gateway-key", type=Path, help="private key (PEM) to use instead of our own")
    out.add_argument("--notify-ladder", type=running.ladder, default=None, metavar="1,3,10")
    out.add_argument("--notify-format", choices=("form", "json"), default="form")
    out.add_argument("--fee-bps", type=int, default=60, help="fee in hundredths of a percent")
    return out


def main() -> None:
    options = parser().parse_args()
    store = Store(options.state, SCHEMA)
    gw = _gateway(options, store)
    senders = Senders()
    ticker = Ticker(lambda: _tick(gw, senders))
    gw.poke = ticker.poke
    ticker.start()
    running.serve(
        "localpay", host=options.host, port=options.port, state=options.state, router=routes(gw)
    )
    ticker.stop()
    senders.stop()


def routes(gw: Gateway) -> Router:
    router = Router()
    router.add("GET", "/health", lambda _: json_answer({"ok": True}))
    router.add("GET", "/keys", lambda _: json_answer({"keys": gw.keys.listed()}))
    for part in (page_routes, api, mandate_routes, bill, truth, control):
        part.mount(router, gw)
    return router


def _gateway(options: argparse.Namespace, store: Store) -> Gateway:
    keys = KeyRing(store, options.state, options.gateway_key or _path("LOCALPAY_GATEWAY_KEY"))
    named = os.environ.get("LOCALPAY_MERCHANT", "QUANYI")
    only = options.merchant_key or (None if options.merchant else _path("LOCALPAY_PUBLIC_KEY"))
    pairs = [text.partition(":") for text in options.merchant]
    pairs += [(named, ":", str(only))] if only else []
    for merchant_id, _, path in pairs:
        keys.register(merchant_id, Path(path).read_bytes())
    rules = Rules(seed=options.seed, known=FAULTS)
    gw = Gateway(store, Clock(store), keys, rules, options.fee_bps)
    gw.notify_format = options.notify_format
    if options.notify_ladder is not None:
        gw.ladder = tuple(options.notify_ladder)
    return gw


def _path(variable: str) -> Path | None:
    """A file named by the environment, for a shop that starts us with its own settings."""
    value = os.environ.get(variable, "")
    return Path(value) if value else None


def _tick(gw: Gateway, senders: Senders) -> float:
    """Do what is due; returns the seconds until the next thing is."""
    payments.take_late_money(gw)
    charges.finish_due(gw)
    refunds.finish_due(gw)
    notices.send_due(gw, senders)
    now, moved = time.time(), gw.clock.unix()
    row = gw.store.row(
        "SELECT (SELECT min(next_at) FROM notice WHERE next_at > ?) - ? AS notice,"
        " (SELECT min(late_at) FROM payment WHERE late_at IS NOT NULL) - ? AS late,"
        " (SELECT min(due_at) FROM refund WHERE due_at IS NOT NULL) - ? AS refund,"
        " (SELECT min(due_at) FROM charge WHERE due_at IS NOT NULL) - ? AS charge",
        now, now, moved, moved, moved,
    )  # fmt: skip
    return min((value for value in (row or {}).values() if value is not None), default=0.5)
