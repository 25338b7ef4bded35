"""The line in front of a flash sale: a ticket says when its bearer's turn is, and nothing is stored.

A ticket belongs to one form, which makes one order. Places are handed out in the order of coming, as
fast as this host places orders beside all it sells otherwise, and no more of them than make sense.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil

from django.core import signing

from core.pace import Pace
from core.turns import take_turn
from orders.models import FlashSale

SALT = "orders.flash.ticket"
# How long after their turn somebody may still go in.
PATIENCE = timedelta(minutes=5)
# A line is no longer than this for each unit that is left, and this: some go away, some do not pay.
PER_UNIT, ALWAYS = 2, 20
# A third of the time one order is being placed, the rest of it none: others have the rest of the host.
PACE = Pace(share=0.33, least=2)
BUSY = timedelta(milliseconds=250)


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody stands: the ticket to come back with, when, and how many are ahead."""

    ticket: str
    turn: datetime
    ahead: int

    @property
    def is_in(self) -> bool:
        return self.ahead == 0


def admit_flash(
    *, sale: FlashSale, form_token: str, ticket: str, now: datetime, units: int
) -> Place | None:
    """The place of a form in the sale's line; without a good ticket, at the end of it.

    `units` are left to be had. None when so many stand in line already that waiting is in vain.
    """
    rate = PACE.per_second(sale.admit_per_second)
    turn = _read(ticket, sale, form_token)
    if turn is None or now > turn + PATIENCE:
        longest = timedelta(seconds=(PER_UNIT * units + ALWAYS) / rate)
        turn = take_turn(sale.public_id, per_second=rate, now=now, longest=longest)
        if turn is None:
            return None
        ticket = _write(sale, form_token, turn)
    waits = (turn - now).total_seconds()
    return Place(ticket, turn, max(0, ceil(waits * rate)))


def busy(place: Place, now: datetime) -> Place:
    """The same place a moment later: it is their turn, but the one before is not through yet."""
    return Place(place.ticket, now + BUSY, 1)


def _write(sale: FlashSale, form_token: str, turn: datetime) -> str:
    # Rounded down: nobody who comes at their very moment is too early.
    moment = int(turn.timestamp() * 1000)
    return signing.dumps([sale.public_id, form_token, moment], salt=SALT)


def _read(ticket: str, sale: FlashSale, form_token: str) -> datetime | None:
    if not ticket or len(ticket) > 400:  # noqa: PLR2004  a ticket of ours is half as long
        return None
    try:
        sale_id, form, moment = signing.loads(ticket, salt=SALT)
    except (signing.BadSignature, ValueError):
        return None
    if (sale_id, form) != (sale.public_id, form_token):
        return None
    return datetime.fromtimestamp(moment / 1000, UTC)
