"""A gift is over without having been claimed: taken back, nobody came, or the goods have ended."""

from datetime import datetime

from core import transitions
from core.faults import guard_off
from core.tx import part, step
from fulfillment.models import Entitlement, Gift
from fulfillment.services.wallet.lock_owned import lock_owned
from fulfillment.services.wallet.tell_owners import tell_returned
from fulfillment.states import GiftState

BATCH = 100


@step()
def take_back_gift(*, gift: str, by: str, now: datetime) -> bool:
    """The giver takes it back; False when it was claimed or is over.

    The caller has checked that it is the reader's gift.
    """
    row = Gift.objects.select_related("entitlement").filter(public_id=gift).first()
    if row is None:
        return False
    return end_gift(row, to=GiftState.TAKEN_BACK, by=by, now=now)


def return_overdue_gifts(*, now: datetime) -> int:
    """Give back what nobody came for, each in a step of its own; returns how many."""
    due = Gift.objects.filter(state=GiftState.OPEN, expires_at__lte=now).order_by("expires_at")
    return sum(_return(gift, now) for gift in list(due.values_list("public_id", flat=True)[:BATCH]))


@step()
def _return(gift: str, now: datetime) -> bool:
    row = Gift.objects.select_related("entitlement").get(public_id=gift)
    returned = end_gift(row, to=GiftState.RETURNED, by="system", now=now)
    if returned:
        tell_returned(row, now=now)
    return returned


@part
def end_gift(row: Gift, *, to: str, by: str, now: datetime) -> bool:
    """Move an open gift to its end and lift the veil from the goods; False when it was over."""
    lock_owned(row.entitlement.public_id)
    moved = transitions.move(
        Gift, row.pk, from_=[GiftState.OPEN], to=to, now=now, by=by, ended_at=now
    )
    if not moved and not guard_off("wallet.gift_once"):
        return False
    Entitlement.objects.filter(pk=row.entitlement_id).update(given_at=None)
    return True


@part
def end_gift_of(owned: Entitlement, *, by: str, now: datetime) -> bool:
    """End the open gift of goods that are taken back or have expired; False when there is none."""
    row = Gift.objects.filter(entitlement=owned, state=GiftState.OPEN).first()
    if row is None:
        return False
    row.entitlement = owned
    return end_gift(row, to=GiftState.ENDED, by=by, now=now)
