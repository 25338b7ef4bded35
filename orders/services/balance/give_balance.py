"""A balance as what an exchange code stands for: put on an account once."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from core import audit
from core.money import format_minor
from core.tx import step
from orders.models import ExchangeBatch
from orders.models.exchange import Origin
from orders.prizes import Gift, NotYet
from orders.services.balance.balance_book import GIVEN, SOLD, credit

CREDITED = "balance:credited"


@step()
def give_balance(*, gift: Gift, now: datetime) -> str:
    """Put the gift's `amount` (minor units) on its owner's balance; the owner's public id.

    The gift's key makes it one journal for ever. Raises NotYet for who has no account. Source: M9.
    """
    if not gift.owner:
        raise NotYet(_("A balance belongs to an account."))
    batch = ExchangeBatch.objects.get(public_id=gift.source)
    source = SOLD if batch.origin == Origin.SOLD else GIVEN
    if credit(
        owner=gift.owner, amount_minor=gift.amount, source=source, key=f"balance.card:{gift.key}",
        kind="balance.card", currency=batch.currency, subject=gift.key, now=now, note=gift.title,
    ):  # fmt: skip
        audit.record(
            tag=CREDITED, by=f"user:{gift.owner}", subject=gift.owner, now=now,
            after={"exchange": gift.key, "batch": batch.public_id, "amount_minor": gift.amount},
        )  # fmt: skip
    return gift.owner


def balance_problem(prize: Any) -> str:
    """Why such codes cannot be made, in words; `prize` is a batch of exchange codes."""
    most = settings.BALANCE_MOST_FACE_MINOR
    if not isinstance(prize, ExchangeBatch):
        return _("A balance is given by exchange codes alone.")
    if prize.amount > most:
        return _("A card may hold %(most)s at most.") % {"most": format_minor(most, prize.currency)}
    if prize.cost_minor != prize.amount:
        return _("Its cost is its face value: write the same number there.")
    return ""
