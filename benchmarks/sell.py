"""How many orders a second the whole road carries, beside what the database alone could sell.

One order = product page → place → signed notice → order page with the revealed code, over HTTP,
with CSRF, signed cookies, limits, risk and audit on. Each buyer is a new person at a new address
(behind one trusted proxy hop); 16 of them at once, closed loop, against a pool of 200,000 codes.
Rounds alternate with pgbench on the same server. CPU is web + database + Valkey, not the client.
"""

import argparse
import asyncio
import os
import re
import time
from dataclasses import dataclass, field
from html import unescape
from http import HTTPStatus
from ipaddress import IPv4Address
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from benchmarks.parts import ceiling, figures, processes, shop
from benchmarks.parts.client import Broken, Visitor, expect, where
from benchmarks.parts.storm import notice as gateway_notice
from simulators.localpay.script import Signer

HIDDEN = re.compile(r'name="(csrfmiddlewaretoken|form_token|quoted_minor)" value="([^"]*)"')
# What follows an order (mail, counts, the audit chain) is the worker's; its statements do count, for
# they are the database's time, its own time does not: it may run elsewhere.
PARTS = (*processes.SERVING, "worker")
SECRET = re.compile(rb"SECRET-\d{8}-\d{8}")


@dataclass
class Round:
    """What one round of selling measured. Times in milliseconds."""

    orders: int = 0
    seconds: float = 0.0
    flow: list[float] = field(default_factory=list)
    paid_to_code: list[float] = field(default_factory=list)
    steps: dict[str, list[float]] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)
    codes: list[bytes] = field(default_factory=list)

    def took(self, step: str, since: float) -> float:
        at = time.perf_counter()
        self.steps.setdefault(step, []).append((at - since) * 1000)
        return at


class Buyers:
    """Sixteen browsers and the gateway's signing hand."""

    def __init__(self, slug: str, signer: Signer) -> None:
        self.host, self.port = where(os.environ["SITE_URL"])
        self.slug, self.signer, self.people = slug, signer, 0

    async def run(self, *, clients: int, seconds: float) -> Round:
        result, until = Round(), time.perf_counter() + seconds
        before, started = processes.cpu_seconds(PARTS), time.perf_counter()
        await asyncio.gather(*(self._loop(result, until) for _ in range(clients)))
        result.seconds = time.perf_counter() - started
        result.cpu = processes.spent(before, processes.cpu_seconds(PARTS))
        return result

    async def _loop(self, result: Round, until: float) -> None:
        visitor = Visitor(self.host, self.port, "")
        gateway = Visitor(self.host, self.port, "10.255.0.1")
        try:
            while time.perf_counter() < until:
                self.people += 1
                visitor.forget()
                visitor.address = str(IPv4Address(0x0B000000 + self.people % 0x00FFFFFF))
                await self._order(visitor, gateway, result, self.people)
        finally:
            visitor.close()
            gateway.close()

    async def _order(self, visitor: Visitor, gateway: Visitor, result: Round, person: int) -> None:
        started = at = time.perf_counter()
        page = expect(await visitor.get(f"/p/{self.slug}/"), HTTPStatus.OK, "product page")
        at = result.took("page", at)
        form = {name: unescape(value) for name, value in HIDDEN.findall(page.body.decode())}
        form |= {
            "sku": shop.SKU,
            "quantity": "1",
            "contact": f"buyer{person}@example.com",
            "consent": "on",
        }
        at = time.perf_counter()
        placed = expect(await visitor.post("/orders/place/", form), HTTPStatus.SEE_OTHER, "place")
        at = result.took("place", at)
        pay_page = dict(parse_qsl(urlsplit(placed.location).query))
        if "number" not in pay_page:
            raise Broken(f"place led to {placed.location}")
        notice = self._notice(pay_page)
        paid = at = time.perf_counter()
        path = urlsplit(pay_page["notify_url"]).path
        told = expect(await gateway.post(path, notice, cookies=False), HTTPStatus.OK, "notice")
        if told.body != b"success":
            raise Broken(f"notice was answered with {told.body[:200]!r}")
        at = result.took("notice", at)
        back = urlsplit(pay_page["return_url"]).path
        order_path = re.sub(r"^/pay/[a-z]+/return/", "/orders/", back)
        order = expect(await visitor.get(order_path), HTTPStatus.OK, "order page")
        at = result.took("order page", at)
        code = SECRET.search(order.body)
        if code is None:
            raise Broken("the order page shows no code")
        result.codes.append(code[0])
        result.orders += 1
        result.paid_to_code.append((at - paid) * 1000)
        result.flow.append((at - started) * 1000)

    def _notice(self, page: dict[str, str]) -> dict[str, str]:
        return gateway_notice(self.signer, page)


def _statements(slug: str, signer: Signer) -> dict[str, int]:
    """SQL statements of one warm order, by step, counted in this process (commits not counted)."""
    client = shop.CountingClient()
    counts: dict[str, int] = {}
    for _warm in range(3):
        counts = {}
        page = client.get(f"/p/{slug}/", counts, "page")
        form = {name: unescape(value) for name, value in HIDDEN.findall(page.content.decode())}
        form |= {
            "sku": shop.SKU,
            "quantity": "1",
            "contact": f"one{time.time_ns()}@example.com",
            "consent": "on",
        }
        placed = client.post("/orders/place/", form, counts, "place")
        if placed.status_code != HTTPStatus.SEE_OTHER:
            raise Broken(f"place: {placed.status_code}: {placed.content[:300]!r}")
        pay_page = dict(parse_qsl(urlsplit(placed["Location"]).query))
        notice = Buyers(slug, signer)._notice(pay_page)
        told = client.post(urlsplit(pay_page["notify_url"]).path, notice, counts, "notice")
        if told.content != b"success":
            raise Broken(f"notice: {told.status_code}: {told.content[:300]!r}")
        path = re.sub(r"^/pay/[a-z]+/return/", "/orders/", urlsplit(pay_page["return_url"]).path)
        if not SECRET.search(client.get(path, counts, "order page").content):
            raise Broken("the order page shows no code")
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(prog="dev.py bench sell", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=12)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--pool", type=int, default=200_000)
    chosen = parser.parse_args()
    signer = Signer((Path(os.environ["STATE_DIR"]) / "keys" / "localpay.private.pem").read_bytes())
    slug = shop.open_for_selling(pool=chosen.pool)
    counts = _statements(slug, signer)
    buyers = Buyers(slug, signer)
    asyncio.run(buyers.run(clients=chosen.clients, seconds=3))
    rounds, sold = [], []
    with ceiling.prepared():
        for number in range(chosen.rounds):
            alone = ceiling.sell_per_second(seconds=chosen.seconds, clients=chosen.clients)
            done = asyncio.run(buyers.run(clients=chosen.clients, seconds=chosen.seconds))
            rounds.append((alone, done))
            sold += done.codes
            print(
                f"round {number + 1}: pgbench {alone:,.0f}/s, orders {done.orders / done.seconds:,.1f}/s"
            )
    if len(sold) != len(set(sold)):
        raise Broken("a code was sold twice")
    _report(rounds, counts)


def _report(rounds: list[tuple[float, Round]], counts: dict[str, int]) -> None:
    rates = [done.orders / done.seconds for _, done in rounds]
    ratios = [rate / alone for rate, (alone, _) in zip(rates, rounds, strict=True)]
    cpu = [
        sum(done.cpu[part] for part in processes.SERVING) * 1000 / done.orders for _, done in rounds
    ]
    flow = [ms for _, done in rounds for ms in done.flow]
    to_code = [ms for _, done in rounds for ms in done.paid_to_code]
    rows: list[tuple[str, Any]] = [
        ("orders a second", figures.spread(rates)),
        ("pgbench, sell one code", figures.spread([alone for alone, _ in rounds], 0)),
        ("ratio", figures.spread(ratios, 4)),
        ("CPU ms an order", figures.spread(cpu, 2)),
    ]
    for part in rounds[0][1].cpu:
        share = [done.cpu[part] * 1000 / done.orders for _, done in rounds]
        kind = "of which" if part in processes.SERVING else "beside them"
        rows.append((f"  {kind} {part}", figures.spread(share, 2)))
    rows += [
        (
            "pay → code p50 / p99 ms",
            f"{median(to_code):.1f} / {figures.percentile(to_code, 0.99):.1f}",
        )
    ]
    for step in rounds[0][1].steps:
        times = [ms for _, done in rounds for ms in done.steps[step]]
        statements = f", {counts.get(step, 0)} statements"
        rows.append(
            (
                f"  {step} p50 / p99 ms",
                f"{median(times):.1f} / {figures.percentile(times, 0.99):.1f}{statements}",
            )
        )
    figures.table(rows)
    figures.closing_line(
        "sell", orders_per_s=median(rates), ratio=median(ratios), cpu_ms=median(cpu),
        statements=sum(counts.values()), p50_ms=median(flow), p99_ms=figures.percentile(flow, 0.99),
        pay_to_code_p99_ms=figures.percentile(to_code, 0.99), orders=sum(done.orders for _, done in rounds),
    )  # fmt: skip


if __name__ == "__main__":
    main()
