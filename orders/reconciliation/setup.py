"""The runs of this floor, hung into the registry of core."""

from core.reconciliation.runs import RUNS
from orders.reconciliation import checks, gateway


def register() -> None:
    """Called once when the app is ready."""
    RUNS.register(gateway.NAME, gateway.RUN)
    checks.register()
