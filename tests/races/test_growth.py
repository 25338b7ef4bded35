"""Growth under storm: many facts about one person's orders at once, each counted once."""

from typing import Any

import pytest
from django.db import IntegrityError

from accounts.models import GrowthEntry, Membership, User
from accounts.services.count_growth import count_growth
from core import clock
from core.faults import without
from core.invariants import check_all
from core.tx import step
from tests.factories.accounts import make_user
from tests.factories.levels import make_levels
from tests.races.crowd import comes_up, crowd

pytestmark = pytest.mark.usefixtures("committed")
THREADS = 8


@pytest.fixture(autouse=True)
def _hooks(committed: None, settings: Any) -> None:
    settings.TEST_HOOKS = True


def tell(user: User, fact: tuple[str, str, int]) -> None:
    key, order, kept = fact
    now = clock.now()
    with step():
        count_growth(
            user_id=user.pk, key=key, reference=order, kept_minor=kept * 100, bought_at=now, now=now
        )


def storm(user: User, name: str, times: int = 6) -> None:
    """The same three orders told under many keys, twice each, all at once."""
    facts = [
        (f"{name}:{order}:{telling}", f"{name}:{order}", 300)
        for order in "ABC"
        for telling in range(times)
    ]
    crowd(lambda fact: tell(user, fact), facts * 2, threads=THREADS)


def test_every_order_counts_once() -> None:
    make_levels()
    user = make_user()
    storm(user, "ord")
    assert Membership.objects.get(user=user).growth == 900
    assert GrowthEntry.objects.filter(user=user).count() == 3
    assert Membership.objects.get(user=user).rank == 2
    assert not check_all(now=clock.now(), only="INV-U1")


def test_without_the_lock_it_would_not() -> None:
    make_levels()
    user = make_user()
    rounds = iter(range(100))

    def lost() -> bool:
        name = f"round{next(rounds)}"
        with without("accounts.growth_lock"):
            try:
                storm(user, name)
            except IntegrityError:
                # Two counted the same event: only the unique key kept the second out.
                return True
        counted = sum(
            GrowthEntry.objects.filter(reference__startswith=name).values_list("amount", flat=True)
        )
        return counted != 900 or bool(check_all(now=clock.now(), only="INV-U10"))

    assert comes_up(lost)
