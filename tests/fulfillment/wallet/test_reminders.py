"""What ends is told of in time, once for each threshold, and expires with history."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Message
from accounts.rendering import rendered
from core import clock
from core.invariants import check_all
from core.models import OutboxEvent, StateChange
from fulfillment.models import Entitlement, ExpiryReminder
from fulfillment.services.wallet.choose_reminders import choose_reminders
from fulfillment.services.wallet.expire_owned import expire_owned
from fulfillment.services.wallet.remind_owners import remind_owners
from fulfillment.services.wallet.sweep_wallet import sweep_wallet
from tests.factories.accounts import make_user
from tests.factories.wallet import buy, buy_one, given

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def ending(owner: str, *, days: float = 30, units: int = 1) -> list[Entitlement]:
    """Things bought a month ago which end in so many days."""
    rows = buy(owner, units)
    for row in rows:
        now = clock.now()
        Entitlement.objects.filter(pk=row.pk).update(
            valid_until=now + timedelta(days=days), created_at=now - 30 * DAY
        )
        row.refresh_from_db()
    return rows


def test_once_at_seven_days_and_once_at_one() -> None:
    person = make_user(email="lin@example.com", language="en")
    (row,) = ending(person.public_id)
    end = row.valid_until
    assert end is not None
    told = []
    for hours in range(24 * 9, -1, -6):
        told += [hours] * remind_owners(now=end - timedelta(hours=hours))
    assert told == [24 * 7, 24]
    first, second = (rendered(m).subject for m in Message.objects.order_by("id"))
    assert "within 7 days" in first
    assert "within 1 day" in second
    assert ExpiryReminder.objects.exclude(message="").count() == 2


def test_everything_of_one_person_in_one_message_by_mail_and_by_sms() -> None:
    person = make_user(email="lin@example.com", phone="13800138000", language="en")
    ending(person.public_id, days=6.5, units=3)
    assert remind_owners(now=clock.now()) == 3
    assert sorted(Message.objects.values_list("kind", flat=True)) == ["mail", "sms"]
    text = rendered(Message.objects.get(kind="sms")).text
    assert "2 more" in text
    assert remind_owners(now=clock.now()) == 0


@pytest.mark.parametrize(
    ("choice", "kinds"),
    [
        ({"by_mail": False, "by_sms": True}, ["sms"]),
        ({"by_mail": True, "by_sms": False}, ["mail"]),
        ({"by_mail": False, "by_sms": False}, []),
    ],
)
def test_who_wants_none_gets_none_and_is_not_asked_again(
    choice: dict[str, bool], kinds: list[str]
) -> None:
    person = make_user(email="lin@example.com", phone="13800138000")
    choose_reminders(owner=person.public_id, now=clock.now(), **choice)
    ending(person.public_id, days=6.5)
    assert remind_owners(now=clock.now()) == 1
    assert list(Message.objects.values_list("kind", flat=True)) == kinds
    assert ExpiryReminder.objects.count() == 1


def test_what_is_given_used_or_just_bought_is_not_told_of() -> None:
    person = make_user(email="lin@example.com")
    gone, used = ending(person.public_id, days=6.5, units=2)
    given(gone)
    Entitlement.objects.filter(pk=used.pk).update(state="exhausted")
    short = buy_one(person.public_id)
    Entitlement.objects.filter(pk=short.pk).update(valid_until=clock.now() + 6.5 * DAY)
    assert remind_owners(now=clock.now()) == 0
    assert not Message.objects.exists()


def test_a_guest_is_told_of_by_the_floor_that_knows_how() -> None:
    rows = ending("", days=0.5, units=2)
    assert remind_owners(now=clock.now()) == 2
    assert remind_owners(now=clock.now()) == 0
    (event,) = OutboxEvent.objects.filter(topic="fulfillment.EndsSoon")
    assert event.payload["reference"] == rows[0].reference
    assert (event.payload["units"], event.payload["days"]) == (2, 1)


def test_the_sweep_expires_with_history_and_leaves_nothing_lying() -> None:
    _first, second = ending("usr_OWNER", days=-0.1, units=2)
    Entitlement.objects.filter(pk=second.pk).update(state="active")
    lying: Any = {v.invariant.id for v in check_all(now=clock.now(), only="INV-W")}
    assert lying == {"INV-W7"}
    sweep_wallet(now=clock.now())
    assert expire_owned(now=clock.now()) == 0
    assert set(Entitlement.objects.values_list("state", flat=True)) == {"expired"}
    found = StateChange.objects.filter(entity="entitlement").order_by("was")
    assert [(c.was, c.became) for c in found] == [("active", "expired"), ("issued", "expired")]
    assert check_all(now=clock.now(), only="INV-W") == []
