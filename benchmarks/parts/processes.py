"""Processor time of the shop's processes, read from the kernel; the client's is not counted."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
SERVING = ("web", "postgres", "valkey")


def _roots(parts: Sequence[str]) -> dict[int, str]:
    """The first process of each part; what descends from it belongs to it."""
    pids: dict[str, int] = json.loads(os.environ["BENCH_PIDS"])
    return {pids[name]: name for name in parts if name in pids}


def _table() -> dict[int, tuple[int, int]]:
    """Of every process its parent and its ticks: its own and those of the dead it waited for."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            found[int(entry.name)] = (int(fields[1]), sum(int(field) for field in fields[11:15]))
    return found


def cpu_seconds(parts: Sequence[str] = SERVING) -> dict[str, float]:
    """User and system seconds so far, by part."""
    roots, table = _roots(parts), _table()
    ticks = dict.fromkeys(roots.values(), 0)
    for pid, (_, used) in table.items():
        at: int | None = pid
        while at is not None and at not in roots:
            at = table[at][0] if at in table and table[at][0] != at else None
        if at is not None:
            ticks[roots[at]] += used
    return {name: used / TICKS for name, used in ticks.items()}


def spent(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    return {name: after[name] - before[name] for name in after}
