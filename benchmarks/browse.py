"""Home and product page for an anonymous visitor: warm from the process's cache, and cold.

Warm: 16 connections, each visitor without cookies, closed loop. Cold: the catalogue's version is
moved before every request, so that the page is built anew from the database.
"""

import argparse
import asyncio
import os
import time
from http import HTTPStatus
from statistics import median

from benchmarks.parts import figures, processes, shop
from benchmarks.parts.client import Visitor, expect, where
from core import cache


async def _warm(path: str, *, clients: int, seconds: float) -> tuple[float, list[float], float]:
    """Requests a second, their times in milliseconds, CPU milliseconds a request."""
    host, port = where(os.environ["SITE_URL"])
    times: list[float] = []
    until = time.perf_counter() + seconds

    async def browse(number: int) -> None:
        visitor = Visitor(host, port, f"10.1.0.{number}")
        while time.perf_counter() < until:
            started = time.perf_counter()
            expect(await visitor.get(path), HTTPStatus.OK, path)
            visitor.forget()
            times.append((time.perf_counter() - started) * 1000)
        visitor.close()

    before, started = processes.cpu_seconds(), time.perf_counter()
    await asyncio.gather(*(browse(number) for number in range(clients)))
    took = time.perf_counter() - started
    spent = sum(processes.spent(before, processes.cpu_seconds()).values())
    return len(times) / took, times, spent * 1000 / len(times)


async def _cold(path: str, times: int) -> list[float]:
    host, port = where(os.environ["SITE_URL"])
    visitor, took = Visitor(host, port, "10.1.1.1"), []
    for _ in range(times):
        await asyncio.to_thread(cache.bump, "catalog")
        await asyncio.sleep(cache.CHECK_SECONDS + 0.1)
        started = time.perf_counter()
        expect(await visitor.get(path), HTTPStatus.OK, path)
        took.append((time.perf_counter() - started) * 1000)
    visitor.close()
    return took


def main() -> None:
    parser = argparse.ArgumentParser(prog="dev.py bench browse", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--clients", type=int, default=16)
    chosen = parser.parse_args()
    slug = shop.open_for_selling(pool=1000)
    pages = {"home": "/", "product": f"/p/{slug}/"}
    closing: dict[str, float] = {}
    rates: dict[str, list[float]] = {name: [] for name in pages}
    tails: dict[str, list[float]] = {name: [] for name in pages}
    cpu: dict[str, list[float]] = {name: [] for name in pages}
    for path in pages.values():
        asyncio.run(_warm(path, clients=chosen.clients, seconds=1))
    for _round in range(chosen.rounds):
        for name, path in pages.items():
            rate, times, spent = asyncio.run(
                _warm(path, clients=chosen.clients, seconds=chosen.seconds)
            )
            rates[name].append(rate)
            tails[name].append(figures.percentile(times, 0.99))
            cpu[name].append(spent)
    for name, path in pages.items():
        cold = asyncio.run(_cold(path, 5))
        figures.table([
            (f"{name}, warm, requests a second", figures.spread(rates[name], 0)),
            (f"{name}, warm, p99 ms", figures.spread(tails[name])),
            (f"{name}, warm, CPU ms a request", figures.spread(cpu[name], 3)),
            (f"{name}, cold, ms", figures.spread(cold)),
        ])  # fmt: skip
        closing |= {
            f"{name}_per_s": median(rates[name]),
            f"{name}_p99_ms": median(tails[name]),
            f"{name}_cold_ms": median(cold),
        }
    figures.closing_line("browse", **closing)


if __name__ == "__main__":
    main()
