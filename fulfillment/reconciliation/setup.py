"""The runs of this floor, hung into the registry of core."""

from core.reconciliation.runs import RUNS
from fulfillment.reconciliation import books, goods, supplier


def register() -> None:
    """Called once when the app is ready."""
    for run in (supplier.RUN, goods.RUN, books.RUN):
        RUNS.register(run.name, run)
