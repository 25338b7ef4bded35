"""Whether a slow supplier slows the others: the p95 of another SKU, with and without it (C07, must show 2).

Two suppliers, each a simulator of its own, and a SKU of each. Rounds alternate: in a calm one only the quick
supplier's SKU is sold, steadily; in a slow one more units than the worker has threads wait for a supplier that takes
seconds to answer, and the quick SKU is sold as before. Medians over the rounds are compared.
"""

import argparse
import time
from statistics import median

from benchmarks.parts import figures, supplied
from benchmarks.parts.client import Broken
from benchmarks.supply import KEY_ID, LATENCY_SECONDS, SECRET, slow_supplier
from simulators.supplier_c.script import Supplier as Script

SLOW, SLOW_SKU = "bench-slow", "BENCH-SLOW"
ALLOWED = 1.2
#: Of each round: from paid to delivered, and of it the wait to be taken up.
Measured = list[tuple[list[float], list[float]]]


def steady(units: int, rate: float) -> tuple[list[float], list[float]]:
    """Milliseconds to delivered, and to being taken up, of the quick SKU sold so many a second."""
    references: list[str] = []
    started = time.perf_counter()
    while len(references) < units:
        due = min(units, int((time.perf_counter() - started) * rate) + 1)
        if due > len(references):
            references += supplied.open_units(due - len(references))
        time.sleep(0.02)
    _wait(references)
    return supplied.latencies_ms(references), supplied.waits_ms(references)


def _wait(references: list[str], seconds: float = 300.0) -> None:
    until = time.perf_counter() + seconds
    while left := supplied.still_open(references):
        if time.perf_counter() > until:
            raise Broken(f"{left} units are not delivered")
        time.sleep(0.1)


def main() -> None:
    parser = argparse.ArgumentParser(prog="dev.py bench bulkhead", description=__doc__)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--units", type=int, default=60, help="of the quick SKU in each round")
    parser.add_argument("--rate", type=float, default=5.0, help="of them a second")
    parser.add_argument("--slow", type=float, default=8.0, help="seconds the slow one takes")
    chosen = parser.parse_args()
    cost = f"{supplied.COST_MINOR / 100:.2f}"
    with (
        slow_supplier(cost, unknown=0.0) as quick,
        slow_supplier(cost, unknown=0.0) as slow,
    ):
        supplied.open_for_buying(quick.url, key_id=KEY_ID, secret=SECRET, concurrency=16)
        supplied.open_for_buying(
            slow.url, key_id=KEY_ID, secret=SECRET, concurrency=8, code=SLOW, sku=SLOW_SKU
        )
        supplied.warm_up(20)
        calm: Measured = []
        stormy: Measured = []
        for number in range(chosen.rounds):
            calm.append(steady(chosen.units, chosen.rate))
            waiting = _storm(Script(slow.url), chosen.slow)
            stormy.append(steady(chosen.units, chosen.rate))
            _calm_down(Script(slow.url), waiting)
            print(
                f"round {number + 1}: p95 {_p95s(calm[-1])} ms calm, {_p95s(stormy[-1])} ms"
                " beside the slow one (of which waiting to be taken up)"
            )
        supplied.compare(Script(quick.url))
    _report(calm, stormy)


def _p95s(measured: tuple[list[float], list[float]]) -> str:
    whole, waiting = (figures.percentile(times, 0.95) for times in measured)
    return f"{whole:.0f} ({waiting:.0f})"


def _storm(script: Script, seconds: float) -> list[str]:
    """More units for the slow supplier than there are threads."""
    script.clear_faults()
    script.fault("delay", op="order", times=None, seconds=seconds)
    waiting = supplied.open_units(2 * supplied.workers()[1], sku=SLOW_SKU)
    time.sleep(1.0)
    return waiting


def _calm_down(script: Script, waiting: list[str]) -> None:
    script.clear_faults()
    script.fault("delay", op="order", times=None, seconds=LATENCY_SECONDS)
    _wait(waiting)


def _report(calm: Measured, stormy: Measured) -> None:
    before = [figures.percentile(times, 0.95) for times, _waits in calm]
    beside = [figures.percentile(times, 0.95) for times, _waits in stormy]
    ratio = median(beside) / median(before)
    figures.table(
        [
            ("p95 of the quick SKU, alone (ms)", figures.spread(before, 0)),
            ("p95 beside a slow supplier (ms)", figures.spread(beside, 0)),
            ("ratio of the medians", f"{ratio:.3f} (allowed {ALLOWED})"),
        ]
    )
    figures.closing_line(
        "bulkhead", ratio=ratio, calm_p95_ms=median(before), slow_p95_ms=median(beside),
        rounds=len(calm), within=str(ratio <= ALLOWED).lower(),
    )  # fmt: skip


if __name__ == "__main__":
    main()
