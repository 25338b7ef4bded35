"""A chance in a lottery is earned: once for each event, and not above what a person may have."""

from datetime import datetime

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils.timezone import localtime

from core import limits
from core.tx import part, step
from orders.models import ChanceRule, ChanceSource, Lottery, Order
from orders.queries.lotteries import ORDER_RULES, day_event
from orders.states import LotteryState, OrderState

WRONG_CODES_AN_HOUR = 10
FINISHED = (OrderState.DELIVERED, OrderState.PARTIALLY_DELIVERED)

_INSERT = """
insert into orders_chance (lottery_id, owner, source, event, earned_at)
values (%s, %s, %s, %s, %s) on conflict (lottery_id, source, event) do nothing
"""


class TooMany(Exception):
    """This person has had as many chances as the rules give, today or at all."""


class NoSuchCode(Exception):
    """No such code in this lottery, or too many were wrong in this hour."""


def day_of(now: datetime) -> str:
    """The day of a moment where the shop is."""
    return localtime(now).strftime("%Y%m%d")


@part
def earn(*, lottery: Lottery, owner: str, source: str, event: str, now: datetime) -> bool:
    """Write the chance down; False when this event earned it before or a limit is reached.

    `owner` is a person's public id. The event's unique key decides, whoever tells of it twice.
    """
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(_INSERT, [lottery.pk, owner, source, event, now])
                if not cursor.rowcount:
                    return False
            _count(lottery, owner, now)
    except TooMany:
        return False
    return True


def _count(lottery: Lottery, owner: str, now: datetime) -> None:
    key = f"lottery:{lottery.pk}:{owner}"
    if not limits.take(key, units=1, limit=lottery.a_person):
        raise TooMany
    if not limits.take(f"{key}:{day_of(now)}", units=1, limit=lottery.a_day):
        raise TooMany


def runs(lottery: Lottery, now: datetime) -> bool:
    """Whether draws are made at this moment."""
    return lottery.state == LotteryState.OPEN and lottery.starts_at <= now < lottery.ends_at


@part
def earn_today(*, lottery: Lottery, owner: str, now: datetime) -> bool:
    """The chance of a day on which the person is here, where the rules give one."""
    if not _rule(lottery, ChanceSource.DAY).exists():
        return False
    event = day_event(owner, day_of(now))
    return earn(lottery=lottery, owner=owner, source=ChanceSource.DAY, event=event, now=now)


@part
def earn_for_friend(*, lottery: Lottery, sharer: str, friend: str, now: datetime) -> bool:
    """Whose link brought a friend gets a chance once the friend has drawn; each friend counts once."""
    if not sharer or sharer == friend or not _rule(lottery, ChanceSource.SHARE).exists():
        return False
    return earn(lottery=lottery, owner=sharer, source=ChanceSource.SHARE, event=friend, now=now)


def earn_by_code(*, lottery: Lottery, owner: str, code: str, now: datetime) -> bool:
    """Type a published code; each person may use each code once. False when it was used before.

    Raises NoSuchCode; wrong codes are counted in PostgreSQL, ten an hour for each person.
    """
    with step():
        earned = _try_code(lottery, owner, code, now)
    if earned is None:
        raise NoSuchCode
    return earned


@part
def _try_code(lottery: Lottery, owner: str, code: str, now: datetime) -> bool | None:
    """None for a code that is none, which is counted."""
    key = f"lottery.code:{owner}"
    if not limits.left(key, limit=WRONG_CODES_AN_HOUR, seconds=3600, now=now):
        return None
    rule = _rule(lottery, ChanceSource.CODE).filter(code__iexact=code.strip()[:32]).first()
    if rule is None or not runs(lottery, now):
        limits.hit(key, limit=WRONG_CODES_AN_HOUR, seconds=3600, now=now)
        return None
    return earn(
        lottery=lottery, owner=owner, source=ChanceSource.CODE, event=f"{rule.pk}:{owner}", now=now
    )


@part
def earn_for_order(*, order: str, now: datetime) -> int:
    """A finished order earns a chance in each lottery that counts it. Returns how many.

    Only once it is delivered: an order that is paid and taken back earns nothing.
    """
    rules = ORDER_RULES.get()
    row = Order.objects.filter(public_id=order, state__in=FINISHED).exclude(owner="").first()
    if row is None:
        return 0
    earned = 0
    for lottery_id, channel_id, minimum in rules:
        if channel_id != row.channel_id or row.total_minor < max(minimum, 1):
            continue
        lottery = Lottery.objects.get(pk=lottery_id)
        if runs(lottery, now):
            earned += earn(
                lottery=lottery, owner=row.owner, source=ChanceSource.ORDER, event=order, now=now
            )
    return earned


def _rule(lottery: Lottery, source: str) -> QuerySet[ChanceRule]:
    return ChanceRule.objects.filter(lottery=lottery, source=source, active=True)
