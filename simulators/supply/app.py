"""A supplier put together, whatever it speaks."""

import argparse
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from simulators import running
from simulators.clock import Clock
from simulators.faults import Rules
from simulators.server import Router, json_answer
from simulators.store import Store
from simulators.supply import callbacks, control, course, money, products, truth
from simulators.supply.dialect import Dialect
from simulators.supply.store import SCHEMA, move_money
from simulators.supply.supplier import FAULTS, REPEATS, Supplier
from simulators.ticker import Senders, Ticker

Mount = Callable[[Router, Supplier], None]


def parser(name: str) -> argparse.ArgumentParser:
    out = running.parser(name)
    out.add_argument("--key", action="append", default=[], metavar="ID:SECRET")
    out.add_argument("--keys", type=Path, help="file with such lines")
    out.add_argument("--products", type=Path, help=".csv or .json with sku_code and cost")
    out.add_argument(
        "--price-percent",
        type=int,
        default=100,
        help="of the file's costs: a dearer or cheaper one",
    )
    out.add_argument("--any-product", type=money.parse, metavar="COST")
    out.add_argument("--repeat", choices=REPEATS, default="200")
    out.add_argument("--submit-after", type=float, default=0.1, metavar="SECONDS")
    out.add_argument("--complete-after", type=float, default=0.3, metavar="SECONDS")
    out.add_argument("--balance", type=money.parse, default="1000000.00")
    out.add_argument("--low-rate", type=int, default=0, metavar="PER_SECOND")
    out.add_argument("--callback-url", default="")
    out.add_argument("--callback-ladder", type=running.ladder, default=None, metavar="1,3,10")
    return out


def serve(options: argparse.Namespace, dialect: Dialect, api: Mount) -> None:
    """Open the truth log, then serve `api` beside truth and control until SIGTERM."""
    sup = _supplier(options, Store(options.state, SCHEMA), dialect)
    _first_start(sup, options)
    senders = Senders()
    ticker = Ticker(lambda: _tick(sup, senders))
    sup.poke = ticker.poke
    ticker.start()
    router = Router()
    router.add("GET", "/health", lambda _: json_answer({"ok": True}))
    for mount in (api, truth.mount, control.mount):
        mount(router, sup)
    running.serve(
        dialect.name, host=options.host, port=options.port, state=options.state, router=router
    )
    ticker.stop()
    senders.stop()


def _supplier(options: argparse.Namespace, store: Store, dialect: Dialect) -> Supplier:
    sup = Supplier(store, Clock(store), Rules(seed=options.seed, known=FAULTS), dialect)
    sup.submit_after, sup.complete_after = options.submit_after, options.complete_after
    sup.repeat, sup.rate = options.repeat, options.low_rate
    sup.any_product_minor, sup.callback_url = options.any_product, options.callback_url
    if options.callback_ladder is not None:
        sup.ladder = tuple(options.callback_ladder)
    return sup


def _first_start(sup: Supplier, options: argparse.Namespace) -> None:
    lines = [*options.key, *(options.keys.read_text().split() if options.keys else ())]
    place = sup.dialect.name.upper()
    named = os.environ.get(f"{place}_KEY"), os.environ.get(f"{place}_SECRET")
    if not lines and all(named):
        lines = [f"{named[0]}:{named[1]}"]
    for key_id, _, secret in (line.partition(":") for line in lines):
        sup.set_key(key_id, secret)
    if sup.store.row("SELECT 1 FROM key") is None:
        _make_key(sup, options.state / "keys")
    if options.products:
        products.load(sup, options.products, percent=options.price_percent)
    with sup.store.write():
        if sup.store.row("SELECT 1 FROM movement LIMIT 1") is None:
            amount = options.balance
            move_money(sup.store, kind="TOPUP", amount_minor=amount, at=sup.clock.unix())


def _make_key(sup: Supplier, path: Path) -> None:
    # 32 characters: dialect A opens its cards with the secret itself, as an AES-256 key.
    secret = secrets.token_hex(16)
    with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
        file.write(f"k1:{secret}\n")
    sup.set_key("k1", secret)


def _tick(sup: Supplier, senders: Senders) -> float:
    """Do what is due; returns the seconds until the next thing is."""
    course.run_all_due(sup)
    callbacks.send_due(sup, senders)
    now = time.time()
    row = sup.store.row(
        "SELECT (SELECT min(next_at) FROM placed WHERE next_at IS NOT NULL) - ? AS placed,"
        " (SELECT min(next_at) FROM callback WHERE next_at > ?) - ? AS callback",
        now, now, now,
    )  # fmt: skip
    return min((value for value in (row or {}).values() if value is not None), default=0.5)
