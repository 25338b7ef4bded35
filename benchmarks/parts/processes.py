"""Processor time of the shop's processes, read from the kernel; the client's is not counted."""

import json
import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
SERVING = ("web", "postgres", "valkey")


def _sessions() -> dict[str, int]:
    """Each part leads a session of its own; its pid is the session's number."""
    pids: dict[str, int] = json.loads(os.environ["BENCH_PIDS"])
    return {name: pids[name] for name in SERVING if name in pids}


def cpu_seconds() -> dict[str, float]:
    """User and system seconds so far, by part: all living members, and the dead the leader waited for."""
    by_session = dict.fromkeys(_sessions().values(), 0)
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        session = int(fields[3])
        if session in by_session:
            own = int(fields[11]) + int(fields[12])
            waited = int(fields[13]) + int(fields[14]) if int(entry.name) == session else 0
            by_session[session] += own + waited
    return {name: by_session[pid] / TICKS for name, pid in _sessions().items()}


def spent(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    return {name: after[name] - before[name] for name in after}
