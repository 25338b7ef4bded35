"""The line in front of a flash sale: a ticket says when its bearer's turn is, and nothing is stored.

A ticket belongs to one form, which makes one order. Places are handed out in the order of coming.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil

from django.core import signing

from core.turns import take_turn
from orders.models import FlashSale

SALT = "orders.flash.ticket"
# How long after their turn somebody may still go in.
PATIENCE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody stands: the ticket to come back with, when, and how many are ahead."""

    ticket: str
    turn: datetime
    ahead: int

    @property
    def is_in(self) -> bool:
        return self.ahead == 0


def admit_flash(*, sale: FlashSale, form_token: str, ticket: str, now: datetime) -> Place:
    """The place of a form in the sale's line; without a good ticket, at the end of it."""
    turn = _read(ticket, sale, form_token)
    if turn is None or now > turn + PATIENCE:
        turn = take_turn(sale.public_id, per_second=sale.admit_per_second, now=now)
        ticket = _write(sale, form_token, turn)
    waits = (turn - now).total_seconds()
    return Place(ticket, turn, max(0, ceil(waits * sale.admit_per_second)))


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
