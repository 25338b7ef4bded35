"""Part of road step 3: a seat in a group for an order that gets the group's price (M4)."""

import json
from datetime import datetime, timedelta

from django.db import connection
from django.utils.translation import gettext as _

from core import transitions
from core.faults import guard_off
from core.tx import part
from orders.models import BuyGroup, GroupSeat, Order
from orders.queries.placing import NewOrder
from orders.services.limit_reached import LimitReached
from orders.states import BuyGroupState

PREFIX = "gby_"

OPEN = """
update orders_groupbuy set opened = opened + 1
where public_id = %(buy)s and state = 'live' and opened < most_groups
  and starts_at <= %(now)s and ends_at > %(now)s
returning id, size, hours
"""
# An empty group is over: nobody would have shared its link. In its last second nobody could pay.
JOIN = """
update orders_buygroup as one set taken = taken + 1
where one.public_id = %(group)s and one.state = 'open'
  and one.deadline >= %(now)s::timestamptz + interval '1 second'
  and one.taken between 1 and one.size - 1
  and one.buy_id = (select id from orders_groupbuy where public_id = %(buy)s)
returning one.id
"""
# Only for the negative control of the race test: look, then sit down, with a breath between.
UNGUARDED = """
select one.id, pg_sleep(0.05) from orders_buygroup one where one.public_id = %(group)s and one.state = 'open'
  and (select count(*) from orders_groupseat s
       where s.group_id = one.id and s.state <> 'left') < one.size
"""
# Whoever joins has locked the group, so that nobody sits down twice in the same moment.
SIT = """
insert into orders_groupseat (group_id, order_id, people, mask, state, taken_at)
select %(group)s, %(order)s, %(people)s::jsonb, %(mask)s, 'held', %(now)s
where not exists (select from orders_groupseat other
    where other.group_id = %(group)s and other.state <> 'left'
      and other.people ?| %(names)s::text[])
"""


class NoSeat(LimitReached):
    """The group is full or over, or the buyer sits in it already; `reason` is a key: gone, twice."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            _("You have a seat in this group already.")
            if reason == "twice"
            else _("The last seat of this group was just taken, or its time is over.")
        )
        self.reason = reason


@part
def take_seat(new: NewOrder, *, group: str, now: datetime) -> None:
    """A seat for an order that a group buy made cheaper: in the open group of that public id, or in
    a new one when it is empty. Raises NoSeat; the caller rolls back.

    Lock order: after limits and coupons, before codes; a new group locks its campaign.
    """
    buys = [used.rule for used in new.uses if used.rule.startswith(PREFIX)]
    for buy in buys:
        if new.units != 1:
            raise NoSeat("gone")
        found = _join(buy, group, now) if group else _open(buy, now)
        _sit(found, new, now)


@part
def refuse_late_seat(order_pk: int) -> None:
    """Money that came late never takes a seat again: it goes back. Raises NoSeat."""
    if GroupSeat.objects.filter(order_id=order_pk).exists():
        raise NoSeat("gone")


def _open(buy: str, now: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(OPEN, {"buy": buy, "now": now})
        row = cursor.fetchone()
    if row is None:
        raise NoSeat("gone")
    pk, size, hours = row
    group = BuyGroup.objects.create(
        buy_id=pk, size=size, deadline=now + timedelta(hours=hours), taken=1, state_at=now,
        opened_at=now,
    )  # fmt: skip
    transitions.begin(
        entity="buygroup", subject=group.public_id, state=BuyGroupState.OPEN, now=now, by="system"
    )
    return int(group.pk)


def _join(buy: str, group: str, now: datetime) -> int:
    statement = UNGUARDED if guard_off("orders.group") else JOIN
    with connection.cursor() as cursor:
        cursor.execute(statement, {"group": group, "buy": buy, "now": now})
        row = cursor.fetchone()
    if row is None:
        raise NoSeat("gone")
    return int(row[0])


def _sit(group: int, new: NewOrder, now: datetime) -> None:
    names = [name for name in (new.owner, new.contact_index.hex()[:32]) if name]
    with connection.cursor() as cursor:
        cursor.execute(
            SIT,
            {
                "group": group, "people": json.dumps(names), "names": names, "now": now,
                "order": Order.objects.only("pk").get(public_id=new.public_id).pk,
                "mask": shown_name(new.contact_masked),
            },
        )  # fmt: skip
        if cursor.rowcount != 1:
            raise NoSeat("twice")


def shown_name(masked: str) -> str:
    """What others in the group see of somebody: the first sign of the contact, and stars."""
    return f"{masked[:1]}***" if masked else "***"
