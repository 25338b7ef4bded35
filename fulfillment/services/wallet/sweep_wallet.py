"""The wallet's own housekeeping. Every call does a bounded piece and may run twice at once."""

from datetime import datetime

from core import leases
from fulfillment.services.wallet.end_gift import return_overdue_gifts
from fulfillment.services.wallet.expire_owned import expire_owned
from fulfillment.services.wallet.remind_owners import remind_owners
from fulfillment.services.wallet.reveal_links import end_old_links

REMIND = "fulfillment.remind"
# Days ahead need no seconds: one process looks for reminders, and not more often than this.
REMIND_SECONDS = 60


def sweep_wallet(*, now: datetime) -> None:
    """Return gifts nobody came for, expire what ended, end old links, remind owners."""
    return_overdue_gifts(now=now)
    expire_owned(now=now)
    end_old_links(now=now)
    if leases.take_duty(REMIND, seconds=REMIND_SECONDS, now=now):
        remind_owners(now=now)
