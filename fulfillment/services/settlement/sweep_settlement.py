"""Settlement's own housekeeping. Every call may run twice at once."""

from datetime import datetime

from core import leases
from core.tx import step
from fulfillment.services.settlement.propose_payouts import drop_undecided
from fulfillment.services.settlement.settle_consigned import settle_consigned

SETTLE = "fulfillment.settle"
#: What was sold for a supplier is owed to it, and a proposal nobody agreed to is over, so soon.
SETTLE_SECONDS = 600


def sweep_settlement(*, now: datetime) -> None:
    """Bring consigned goods' money up to what was sold; end proposals that were refused or ran out."""
    if leases.take_duty(SETTLE, seconds=SETTLE_SECONDS, now=now):
        settle_consigned(now=now)
        _end_undecided(now=now)


@step()
def _end_undecided(*, now: datetime) -> int:
    return drop_undecided(now=now)
