"""What beat wakes, and how often. Every entry is a sweeper: it looks for due rows and may run any number of times."""

from typing import Any

# A queue of its own: workers take from both in turn, so a backlog of wake-ups never keeps the
# sweepers, which are the guarantee behind every wake-up, waiting until their messages expire.
SWEEPS = "sweeps"


def beat_schedule(*, sweep: float, invariants: float) -> dict[str, dict[str, Any]]:
    """Name each floor's sweepers by task name; intervals in seconds."""
    every = {
        "core.relay": sweep,
        "core.seal_audit": 6 * sweep,
        "core.check_invariants": invariants,
        "core.heartbeat": 2 * sweep,
        "core.tidy": 60 * sweep,
        "core.reconcile": 60 * sweep,
        "accounts.send_messages": sweep,
        "accounts.sweep": 10 * sweep,
        "catalog.sweep": 10 * sweep,
        "fulfillment.sweep": sweep,
        "fulfillment.plan": 6 * sweep,
        "fulfillment.sync": 6 * sweep,
        "orders.sweep": sweep,
        "distribution.sweep": sweep,
    }
    return {
        name: {
            "task": name,
            "schedule": seconds,
            "options": {"expires": max(seconds * 2, 5.0), "queue": SWEEPS},
        }
        for name, seconds in every.items()
    }
