"""How many top-ups a second the worker buys, beside what the supplier alone could take.

The supplier is the simulator of dialect C in a process of its own: each call takes 200 ms, and 5 % of the
purchases are carried out while their answer is lost, so that they are asked after two seconds later.
Two figures: a burst (everything is paid at one moment; the queue drains) and a steady stream at
60 % of that rate, which is what a buyer feels. Units are opened as a paid order opens them, driven
by the shop's own worker, and compared with the supplier's truth afterwards.
"""

import argparse
import os
import secrets
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median

from benchmarks.parts import figures, processes, supplied
from benchmarks.parts.client import Broken
from simulators.process import Simulator
from simulators.supplier_c.script import Caller
from simulators.supplier_c.script import Supplier as Script

KEY_ID, SECRET = "bench", secrets.token_hex(16)
LATENCY_SECONDS, UNKNOWN_SHARE = 0.2, 0.05
STEADY_SHARE = 0.6
PATIENCE_SECONDS = 600.0
PARTS = ("worker", "postgres", "valkey")


@dataclass
class Run:
    """What one way of paying measured. Times in seconds, latencies in milliseconds."""

    units: int
    seconds: float
    latencies: list[float]
    cpu: dict[str, float]

    @property
    def rate(self) -> float:
        return self.units / self.seconds


@contextmanager
def slow_supplier(
    any_cost: str, *, latency: float = LATENCY_SECONDS, unknown: float = UNKNOWN_SHARE
) -> Iterator[Simulator]:
    """The simulator with its latency and its share of lost answers."""
    with tempfile.TemporaryDirectory(prefix="quanyi-bench-") as folder:
        options = [
            *("--any-product", any_cost, "--key", f"{KEY_ID}:{SECRET}", "--seed", "1"),
            *("--submit-after", "0", "--complete-after", "0", "--callback-ladder", "600"),
            *("--balance", "90000000.00"),
        ]
        with Simulator("supplier_c", state=Path(folder), options=options) as simulator:
            script = Script(simulator.url)
            for op in ("order", "lookup"):
                script.fault("delay", op=op, times=None, seconds=latency)
            if unknown:
                script.fault("drop_after", op="order", times=None, chance=unknown)
            yield simulator


def alone(url: str, *, callers: int, seconds: float) -> float:
    """Purchases a second that the supplier takes from so many callers who do nothing else."""
    until, done, numbers = time.perf_counter() + seconds, count(), count(1)
    made = [0] * callers

    def call(place: int) -> None:
        caller = Caller(url, key_id=KEY_ID, secret=SECRET)
        while time.perf_counter() < until:
            number = f"ALONE{next(numbers):08d}"
            try:
                caller.place(number, "BENCH-TOPUP", target={"account": "13800138000"})
            except OSError:
                caller.look_up(number)
            made[place] += 1
        next(done)

    threads = [threading.Thread(target=call, args=(place,)) for place in range(callers)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(made) / (time.perf_counter() - started)


def burst(units: int) -> Run:
    """Everybody pays at one moment."""
    before, started = processes.cpu_seconds(PARTS), time.perf_counter()
    references = supplied.open_units(units)
    return _finished(references, started, before)


def steady(units: int, rate: float) -> Run:
    """One after another, so many a second, whatever the worker does."""
    before, started = processes.cpu_seconds(PARTS), time.perf_counter()
    references: list[str] = []
    while len(references) < units:
        due = min(units, int((time.perf_counter() - started) * rate) + 1)
        if due > len(references):
            references += supplied.open_units(due - len(references))
        time.sleep(0.02)
    return _finished(references, started, before)


def _finished(references: Sequence[str], started: float, before: dict[str, float]) -> Run:
    until = time.perf_counter() + PATIENCE_SECONDS
    while (left := supplied.still_open(references)) and time.perf_counter() < until:
        time.sleep(0.1)
    seconds = time.perf_counter() - started
    if left:
        raise Broken(f"{left} units are not delivered after {PATIENCE_SECONDS} s")
    cpu = processes.spent(before, processes.cpu_seconds(PARTS))
    return Run(len(references), seconds, supplied.latencies_ms(references), cpu)


def main() -> None:
    parser = argparse.ArgumentParser(prog="dev.py bench supply", description=__doc__)
    parser.add_argument("--units", type=int, default=2000)
    parser.add_argument("--calls", type=int, default=32, help="calls at once the supplier allows")
    parser.add_argument("--steady", type=int, default=1000, help="units of the steady stream")
    chosen = parser.parse_args()
    with slow_supplier(f"{supplied.COST_MINOR / 100:.2f}") as simulator:
        supplied.open_for_buying(
            simulator.url, key_id=KEY_ID, secret=SECRET, concurrency=chosen.calls
        )
        limits = [alone(simulator.url, callers=chosen.calls, seconds=8)]
        supplied.warm_up(20)
        rush = burst(chosen.units)
        calm = steady(chosen.steady, rush.rate * STEADY_SHARE)
        limits.append(alone(simulator.url, callers=chosen.calls, seconds=8))
        supplied.compare(Script(simulator.url))
        _report(rush, calm, median(limits), chosen.calls)


def _report(rush: Run, calm: Run, limit: float, calls: int) -> None:
    drivers, threads = supplied.workers()
    rows = [
        ("workers (processes × threads)", f"{drivers} × {threads}, {calls} calls at once"),
        ("the supplier alone, calls a second", f"{limit:.1f}"),
        ("burst: units a second", f"{rush.rate:.1f} ({rush.units} in {rush.seconds:.1f} s)"),
        ("  ratio to the supplier alone", f"{rush.rate / limit:.3f}"),
        ("  CPU ms a unit", f"{sum(rush.cpu.values()) * 1000 / rush.units:.1f}"),
        *(
            (f"    of which {part}", f"{used * 1000 / rush.units:.1f}")
            for part, used in rush.cpu.items()
        ),
        ("  paid → delivered p50 / p99 ms", _pair(rush.latencies)),
        (f"steady at {calm.rate:.1f}/s: p50 / p99 ms", _pair(calm.latencies)),
        ("  of those whose answer came", _pair(sorted(calm.latencies)[: int(len(calm.latencies) * 0.94)])),
    ]  # fmt: skip
    figures.table(rows)
    figures.closing_line(
        "supply", units_per_s=rush.rate, ratio=rush.rate / limit, supplier_per_s=limit,
        p99_ms=figures.percentile(calm.latencies, 0.99), p50_ms=median(calm.latencies),
        burst_p99_ms=figures.percentile(rush.latencies, 0.99), workers=drivers, threads=threads,
        calls=calls, units=rush.units, cpu_ms=sum(rush.cpu.values()) * 1000 / rush.units,
    )  # fmt: skip


def _pair(latencies: Sequence[float]) -> str:
    return f"{median(latencies):.0f} / {figures.percentile(latencies, 0.99):.0f}"


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    main()
