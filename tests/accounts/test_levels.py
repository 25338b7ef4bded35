"""Growth and levels: up at once, down when validity and grace are over, every event once."""

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.levels import level_of
from accounts.models import GrowthEntry, MemberLevel, Membership, User
from accounts.services.count_growth import count_growth
from accounts.services.give_growth import GrowthRefused, give_growth
from accounts.services.save_level import save_level
from accounts.services.settle_levels import refit_levels, settle_levels
from core import invariants
from core.models import AuditEntry
from core.models.statechange import StateChange
from core.tx import step
from tests.factories.accounts import make_staff, make_user
from tests.factories.levels import grow, make_day, make_level, make_levels

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 25, 4, tzinfo=UTC)  # a Wednesday
DAY = timedelta(days=1)
YEAR = timedelta(days=365)


def held(user: User) -> Membership:
    return Membership.objects.get(user=user)


def broken(*ids: str, now: datetime = NOW) -> list[str]:
    """Which of these invariants do not hold, with no time to settle."""
    return [
        key
        for key in ids
        if invariants.check(invariants.INVARIANTS.get(key), now=now, grace=0.0) is not None
    ]


def test_without_levels_nobody_has_one() -> None:
    user = make_user()
    assert level_of(user.pk) == 0
    assert grow(user, 100, now=NOW) == 100
    assert (held(user).rank, held(user).growth) == (0, 100)


def test_the_level_that_takes_nothing_is_everybodys() -> None:
    make_levels()
    user = make_user()
    assert user.level == 1
    assert not Membership.objects.exists()


def test_up_at_once_over_several_levels() -> None:
    make_levels()
    user = make_user()
    grow(user, 499, now=NOW)
    assert (held(user).rank, held(user).ends_at) == (1, None)
    grow(user, 1, now=NOW + DAY)
    assert (held(user).rank, held(user).ends_at) == (2, NOW + DAY + YEAR)
    grow(user, 5000, now=NOW + 2 * DAY)
    assert (level_of(user.pk), held(user).ends_at) == (3, NOW + 2 * DAY + YEAR)
    steps = StateChange.objects.filter(entity="membership", subject=user.public_id).order_by("id")
    assert [(one.was, one.became) for one in steps] == [("1", "2"), ("2", "3")]


def test_an_event_counts_once_and_the_same_state_told_otherwise_too() -> None:
    make_levels()
    user = make_user()
    assert grow(user, 300, now=NOW, key="ord_A") == 300
    assert grow(user, 300, now=NOW, key="ord_A") == 0
    with transaction.atomic():
        told_again = count_growth(
            user_id=user.pk, key="another", reference="ord_A", kept_minor=30_000, bought_at=NOW,
            now=NOW,
        )  # fmt: skip
    assert told_again == 0
    assert held(user).growth == 300


def test_whole_units_of_money_count() -> None:
    user = make_user()
    with transaction.atomic():
        move = count_growth(
            user_id=user.pk, key="k", reference="r", kept_minor=19_999, bought_at=NOW, now=NOW
        )
    assert move == 199


def refund(user: User, order: str, kept: int, now: datetime) -> int:
    with transaction.atomic():
        return count_growth(
            user_id=user.pk, key=f"refund:{order}:{kept}", reference=order, kept_minor=kept * 100,
            bought_at=now, now=now,
        )  # fmt: skip


def test_a_refund_takes_growth_back_and_the_level_it_had_lent() -> None:
    make_levels()
    user = make_user()
    grow(user, 600, now=NOW, key="ord_A")
    before = held(user)
    grow(user, 2000, now=NOW + DAY, key="ord_B")
    assert held(user).rank == 3
    assert refund(user, "ord_B", 0, NOW + 2 * DAY) == -2000
    after = held(user)
    # The old level with its old dates: a rise that was given back makes nothing longer.
    assert (after.rank, after.growth, after.ends_at) == (2, 600, before.ends_at)
    assert (after.since, after.period_start) == (before.since, before.period_start)
    assert refund(user, "ord_B", 0, NOW + 3 * DAY) == 0
    assert broken("INV-U10", "INV-U11", "INV-U13") == []


def test_two_rises_given_back_lead_to_the_first_standing() -> None:
    make_levels()
    user = make_user()
    grow(user, 100, now=NOW, key="ord_A")
    grow(user, 500, now=NOW + DAY, key="ord_B")
    grow(user, 2000, now=NOW + 2 * DAY, key="ord_C")
    refund(user, "ord_B", 0, NOW + 3 * DAY)
    assert held(user).rank == 3
    refund(user, "ord_C", 0, NOW + 4 * DAY)
    assert (held(user).rank, held(user).growth, held(user).ends_at) == (1, 100, None)


def test_a_part_that_goes_back_takes_its_part() -> None:
    user = make_user()
    grow(user, 600, now=NOW, key="ord_A")
    assert refund(user, "ord_A", 250, NOW + DAY) == -350


def test_validity_that_was_earned_again_goes_on() -> None:
    make_levels()
    user = make_user()
    grow(user, 600, now=NOW)
    grow(user, 500, now=NOW + 100 * DAY)
    assert settle_levels(now=NOW + YEAR - DAY) == 0
    assert settle_levels(now=NOW + YEAR) == 1
    again = held(user)
    assert (again.rank, again.growth, again.ends_at) == (2, 500, NOW + 2 * YEAR)
    assert settle_levels(now=NOW + YEAR) == 0
    assert broken("INV-U10", "INV-U11", now=NOW + YEAR) == []


def test_down_only_after_the_grace() -> None:
    make_levels(grace_days=30)
    user = make_user()
    grow(user, 600, now=NOW)
    grow(user, 200, now=NOW + 100 * DAY)
    for day in (0, 1, 29):
        assert settle_levels(now=NOW + YEAR + day * DAY) == 0
        assert held(user).rank == 2
    assert settle_levels(now=NOW + YEAR + 30 * DAY) == 1
    assert (held(user).rank, held(user).growth, held(user).ends_at) == (1, 200, None)
    lapsed = GrowthEntry.objects.get(user=user, kind="lapsed")
    assert lapsed.amount == -600
    assert broken("INV-U10", "INV-U11", "INV-U13", now=NOW + YEAR + 30 * DAY) == []


def test_what_is_earned_in_the_grace_keeps_the_level() -> None:
    make_levels(grace_days=30)
    user = make_user()
    grow(user, 600, now=NOW)
    grow(user, 500, now=NOW + YEAR + 10 * DAY)
    assert settle_levels(now=NOW + YEAR + 10 * DAY) == 1
    assert (held(user).rank, held(user).ends_at) == (2, NOW + 2 * YEAR)


def test_down_over_several_levels_to_the_one_that_fits() -> None:
    make_levels(grace_days=0)
    user = make_user()
    grow(user, 5000, now=NOW)
    grow(user, 700, now=NOW + 10 * DAY)
    settle_levels(now=NOW + YEAR)
    assert (held(user).rank, held(user).growth) == (2, 700)


def test_what_has_lapsed_is_not_taken_back_again() -> None:
    make_levels(grace_days=0)
    user = make_user()
    grow(user, 600, now=NOW, key="ord_A")
    grow(user, 100, now=NOW + DAY, key="ord_B")
    settle_levels(now=NOW + YEAR)
    assert refund(user, "ord_A", 0, NOW + YEAR + DAY) == 0
    assert held(user).growth == 100


def test_dearer_levels_take_nothing_away_before_the_validity_is_over() -> None:
    _base, silver, _gold = make_levels(grace_days=0)
    user = make_user()
    grow(user, 600, now=NOW)
    silver.growth_needed = 1000
    with step():
        save_level(level=silver, changed={}, now=NOW + DAY, by="user:usr_X")
    assert refit_levels(now=NOW + DAY) == 0
    assert held(user).rank == 2
    assert broken("INV-U11", now=NOW + 2 * DAY) == []
    settle_levels(now=NOW + YEAR)
    assert held(user).rank == 1


def test_cheaper_levels_are_reached_by_the_next_look() -> None:
    _base, silver, _gold = make_levels()
    user = make_user()
    grow(user, 300, now=NOW)
    silver.growth_needed = 300
    with step():
        save_level(level=silver, changed={"growth_needed": 300}, now=NOW + DAY, by="user:usr_X")
    assert broken("INV-U11", now=NOW + 2 * DAY) == ["INV-U11"]
    assert refit_levels(now=NOW + DAY) == 1
    assert refit_levels(now=NOW + DAY) == 0
    assert held(user).rank == 2
    assert AuditEntry.objects.get(tag="level:edited").after == {"growth_needed": 300}


def test_a_member_day_counts_twice_and_its_refund_too() -> None:
    make_levels()
    make_day(weekday=3, growth_bp=20_000)
    make_day(weekday=3, growth_bp=30_000, from_rank=3)
    user = make_user()
    assert grow(user, 100, now=NOW, key="ord_A") == 200
    assert grow(user, 100, now=NOW + DAY, key="ord_B") == 100
    # The rate of the day of purchase holds, whatever day it goes back.
    assert refund(user, "ord_A", 40, NOW + DAY) == -120


def test_staff_give_growth_once_and_with_a_reason() -> None:
    make_levels()
    user, boss = make_user(), make_staff("operator")
    for _twice in range(2):
        give_growth(
            user=user.public_id, amount=500, key="form", by=boss.public_id, reason="sorry", now=NOW
        )
    assert (held(user).growth, held(user).rank) == (500, 2)
    assert AuditEntry.objects.filter(tag="level:growth_given").count() == 1
    with pytest.raises(GrowthRefused):
        give_growth(
            user=user.public_id, amount=-501, key="x", by=boss.public_id, reason="x", now=NOW
        )
    with pytest.raises(PermissionDenied):
        give_growth(
            user=user.public_id, amount=1, key="y", by=make_staff("support").public_id, reason="x",
            now=NOW,
        )  # fmt: skip


def test_entries_are_never_changed() -> None:
    user = make_user()
    grow(user, 10, now=NOW)
    with (
        pytest.raises(Exception, match=r"append_only|Cannot update|permission denied"),
        transaction.atomic(),
    ):
        GrowthEntry.objects.update(amount=5)


def test_a_movement_of_nothing_is_none() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        GrowthEntry.objects.create(
            user=make_user(), key="x", kind="earned", amount=0, earned_at=NOW, at=NOW, by="x"
        )


def test_growth_that_is_not_its_entries_is_found() -> None:
    user = make_user()
    grow(user, 10, now=NOW)
    assert broken("INV-U10") == []
    Membership.objects.update(growth=11)
    assert broken("INV-U10") == ["INV-U10"]


def test_a_level_that_does_not_fit_is_found() -> None:
    make_levels()
    user = make_user()
    grow(user, 10, now=NOW)
    Membership.objects.update(rank=2, needed=500)
    assert broken("INV-U11") == ["INV-U11"]


def test_levels_out_of_order_are_found() -> None:
    make_levels()
    MemberLevel.objects.filter(rank=2).update(growth_needed=9000)
    assert broken("INV-U12") == ["INV-U12"]


def test_a_level_held_too_long_is_found() -> None:
    make_levels(grace_days=0)
    user = make_user()
    grow(user, 600, now=NOW)
    assert broken("INV-U13", now=NOW + YEAR + DAY) == ["INV-U13"]


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_page_says_what_is_there_and_what_is_missing(client: Client, language: str) -> None:
    make_level(1)
    make_level(2, early_hours=24, service_queue="vip")
    make_level(3)
    make_day(weekday=3, growth_bp=20_000)
    user = make_user(email="a@example.com")
    grow(user, 600, key="ord_0000000000000001")
    client.force_login(user)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    page = client.get("/account/level/").content.decode()
    names = {"en": ("Silver", "Gold"), "zh-hans": ("银卡", "金卡")}[language]
    assert all(name in page for name in names)
    assert "1400" in page
    assert "ord_0000000000000001" in page
    assert "24" in page


def test_the_page_is_for_who_is_signed_in_and_says_when_there_are_no_levels(client: Client) -> None:
    assert client.get("/account/level/").status_code == 302
    client.force_login(make_user(email="a@example.com"))
    assert client.get("/account/level/").status_code == 200


def test_the_level_costs_one_statement() -> None:
    user = make_user()
    with CaptureQueriesContext(connection) as asked:
        assert (user.level, user.level) == (0, 0)
    assert len(asked) == 1
