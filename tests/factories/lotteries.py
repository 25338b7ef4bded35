"""Lotteries for tests: set up, opened by two persons, drawn."""

import itertools
from datetime import datetime, timedelta
from typing import Any

from accounts.models import User
from core import approvals, clock
from core.crypto import ensure_data_key
from core.ids import new_token
from orders.models import Chance, ChanceRule, Draw, Lottery, Prize
from orders.services.lotteries.draw_prize import Entry, draw_prize
from orders.services.lotteries.open_lottery import request_opening
from tests.factories.accounts import make_staff, make_user
from tests.factories.catalog import base

_numbers = itertools.count(1)


def make_lottery(
    *prizes: dict[str, Any], whole: int = 100, sources: tuple[str, ...] = (), **values: Any
) -> Lottery:
    """A draft; what the prizes leave of the whole is the endless line of nothing."""
    ensure_data_key()
    now, number = clock.now(), next(_numbers)
    defaults: dict[str, Any] = {
        "slug": f"lottery-{number}",
        "name": f"抽奖{number}",
        "name_en": f"Lottery {number}",
        "channel": base(),
        "whole": whole,
        "draws_most": 5000,
        "a_person": 5000,
        "a_day": 5000,
        "budget_minor": 1_000_000,
        "starts_at": now - timedelta(minutes=1),
        "ends_at": now + timedelta(days=1),
        "state_at": now,
        "created_at": now,
        "by": "test",
    }
    row = Lottery.objects.create(**{**defaults, **values})
    for place, prize in enumerate(prizes):
        named = {"key": f"p{place}", "name": f"奖{place}", "name_en": f"Prize {place}"}
        Prize.objects.create(lottery=row, position=place, **{**named, **prize})
    rest = whole - sum(prize["odds"] for prize in prizes)
    Prize.objects.create(
        lottery=row, key="nothing", name="谢谢参与", name_en="Nothing", odds=rest, position=99,
        fallback=True,
    )  # fmt: skip
    for source in sources:
        ChanceRule.objects.create(lottery=row, source=source)
    return row


def opened(row: Lottery, *, now: datetime | None = None) -> Lottery:
    """Two persons agree, and it is open."""
    maker, checker = make_staff("operator"), make_staff("operator")
    at = now or clock.now()
    asked = request_opening(lottery=row.public_id, by=maker.public_id, reason="test", now=at)
    approvals.decide(approval_id=asked.public_id, by=checker.public_id, agree=True, now=at)
    row.refresh_from_db()
    return row


def player() -> User:
    """Somebody with a verified address."""
    return make_user(email=f"player{next(_numbers)}@example.com", password=None)


def give_chances(row: Lottery, user: User, number: int = 1) -> None:
    """Chances out of nothing, as staff gives them."""
    now = clock.now()
    Chance.objects.bulk_create(
        Chance(lottery=row, owner=user.public_id, source="staff", event=new_token(), earned_at=now)
        for _ in range(number)
    )


def entry(user: User, **changes: Any) -> Entry:
    values: dict[str, Any] = {
        "user_id": user.pk,
        "owner": user.public_id,
        "words": new_token(),
        "form_token": new_token(),
    }
    return Entry(**{**values, **changes})


def drawn(row: Lottery, user: User, **changes: Any) -> Draw:
    """One draw of that person."""
    return draw_prize(lottery=row, entry=entry(user, **changes), now=clock.now())
