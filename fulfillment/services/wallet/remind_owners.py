"""Tell people in time what ends: seven days before, and one. Each thing once for each threshold."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, QuerySet

from accounts.models import User
from core import outbox
from core.tx import step
from fulfillment import events
from fulfillment.models import Entitlement, ExpiryReminder
from fulfillment.queries.deliveries import last_day
from fulfillment.queries.showing import shown
from fulfillment.services.wallet.expire_owned import ALIVE
from fulfillment.services.wallet.tell_owners import remind

THRESHOLDS = (7, 1)
# A worker that was away for longer than this leaves it to the next threshold.
LATE = timedelta(hours=24)
PEOPLE = 50
THINGS = 100


def remind_owners(*, now: datetime) -> int:
    """Tell those who have something that crossed a threshold; returns how many were told of."""
    return sum(_remind_at(days, now) for days in THRESHOLDS)


def crossing(days: int, now: datetime) -> QuerySet[Entitlement]:
    """What ends in so many days from now, crossed that mark within the last day, and is untold.

    What was received after its mark is left out: whoever buys something short-lived knows.
    """
    mark = timedelta(days=days)
    told = ExpiryReminder.objects.filter(entitlement=OuterRef("pk"), days=days)
    return Entitlement.objects.filter(
        ~Exists(told), state__in=ALIVE, given_at=None, valid_until__gt=max(now, now + mark - LATE),
        valid_until__lte=now + mark, created_at__lt=F("valid_until") - mark,
    )  # fmt: skip


def _remind_at(days: int, now: datetime) -> int:
    rows = crossing(days, now)
    owners = rows.exclude(owner="").order_by("owner").values_list("owner", flat=True).distinct()
    told = sum(_remind_one(owner, days, now) for owner in list(owners[:PEOPLE]))
    guests = rows.filter(owner="", moves=0).order_by("reference")
    references = guests.values_list("reference", flat=True).distinct()
    return told + sum(_tell_up(reference, days, now) for reference in list(references[:PEOPLE]))


@step()
def _remind_one(owner: str, days: int, now: datetime) -> int:
    """One message for everything of one person; rows of a reminder make it happen once."""
    rows = _locked(crossing(days, now).filter(owner=owner))
    person = User.objects.filter(public_id=owner, is_active=True).first()
    message = ""
    if rows and person is not None:
        looks = [shown(row.sku_id, person.language) for row in rows]
        message = remind(
            person, titles=[f"{look.title} {look.sku_title}".strip() for look in looks],
            ends_on=_first_day(rows), days=days, now=now,
        )  # fmt: skip
    _note(rows, days, message, now)
    return len(rows)


@step()
def _tell_up(reference: str, days: int, now: datetime) -> int:
    """A guest's contact is known to the floor above only: it is told, once."""
    rows = _locked(crossing(days, now).filter(owner="", moves=0, reference=reference))
    if rows:
        outbox.publish(events.EndsSoon(reference, len(rows), _first_day(rows), days), now=now)
    _note(rows, days, "", now)
    return len(rows)


def _locked(rows: QuerySet[Entitlement]) -> list[Entitlement]:
    chosen = rows.select_for_update(of=("self",), skip_locked=True).order_by("valid_until", "pk")
    return list(chosen[:THINGS])


def _first_day(rows: Sequence[Entitlement]) -> str:
    first = rows[0].valid_until
    return last_day(first).isoformat() if first else ""


def _note(rows: Sequence[Entitlement], days: int, message: str, now: datetime) -> None:
    ExpiryReminder.objects.bulk_create(
        ExpiryReminder(entitlement=row, days=days, message=message, at=now) for row in rows
    )
