"""What a programme may still give: how many, points, and worth of coupons, counted in PostgreSQL."""

from datetime import datetime

from django.db import transaction

from core import limits
from core.tx import part
from orders.models.reward import Budgeted

UNLIMITED = 2_000_000_000


class BudgetGone(Exception):
    """Nothing more may be given; `args[0]` is the budget that is used up."""


def budget_key(programme: str, budget: str) -> str:
    """Under which a budget of a programme (public id) is counted."""
    return f"reward:{programme}:{budget}"


def runs(programme: Budgeted, now: datetime) -> bool:
    """Whether it is switched on and its dates hold."""
    started = programme.starts_at is None or programme.starts_at <= now
    going = programme.ends_at is None or now < programme.ends_at
    return programme.is_active and started and going


@part
def take_budget(programme: Budgeted, *, times: int, points: int, minor: int) -> None:
    """Take all of it or nothing, in the order of the keys. Raises BudgetGone."""
    public_id = str(programme.public_id)  # type: ignore[attr-defined]
    wanted = {
        "minor": (minor, programme.most_minor), "points": (points, programme.most_points),
        "times": (times, programme.most_times),
    }  # fmt: skip
    with transaction.atomic():
        for budget, (units, most) in wanted.items():
            limit = UNLIMITED if most is None else most
            key = budget_key(public_id, budget)
            if units and not limits.take(key, units=units, limit=limit):
                raise BudgetGone(budget)


@part
def return_budget(programme: str, *, times: int = 0, points: int = 0, minor: int = 0) -> None:
    """Give back what was not given in the end. `programme` is a public id."""
    for budget, units in (("minor", minor), ("points", points), ("times", times)):
        if units:
            limits.give_back(budget_key(programme, budget), units=units)
