import threading
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.db.utils import IntegrityError

from core import clock, limits
from tests.databases import owner


@pytest.mark.django_db
def test_a_window_admits_its_limit_and_then_no_more() -> None:
    now = clock.now()
    assert [limits.hit("w", limit=2, seconds=60, now=now) for _ in range(4)] == [
        True,
        True,
        False,
        False,
    ]
    assert limits.left("w", limit=2, seconds=60, now=now) == 0
    assert limits.hit("w", limit=2, seconds=60, now=now + timedelta(seconds=60))


@pytest.mark.django_db
def test_a_limit_of_zero_admits_nothing() -> None:
    assert not limits.hit("zero", limit=0, seconds=60, now=clock.now())


@pytest.mark.django_db
def test_a_budget_is_given_back() -> None:
    assert limits.take("b", units=3, limit=3)
    assert not limits.take("b", units=1, limit=3)
    limits.give_back("b", units=2)
    assert limits.take("b", units=2, limit=3)
    assert not limits.take("other", units=4, limit=3)


@pytest.mark.django_db
def test_more_cannot_come_back_than_was_taken() -> None:
    limits.take("b2", units=1, limit=3)
    with pytest.raises(IntegrityError):
        limits.give_back("b2", units=2)


def test_a_budget_holds_when_many_take_at_once(committed: None) -> None:
    taken: list[bool] = []

    def run() -> None:
        taken.append(limits.take("crowd", units=1, limit=5))
        connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert taken.count(True) == 5


@pytest.mark.django_db
def test_old_windows_are_forgotten() -> None:
    now = clock.now()
    limits.hit("old", limit=1, seconds=60, now=now - timedelta(days=2))
    limits.take("held", units=1, limit=1)
    assert limits.prune(now=now) == 1


def test_tidying_waits_for_nobody_who_counts(committed: None) -> None:
    """Placing locks several counters: a sweeper that held one and waited for another was a deadlock."""
    now = clock.now()
    limits.hit("stale-a", limit=9, seconds=60, now=now - timedelta(days=3))
    limits.hit("stale-b", limit=9, seconds=60, now=now - timedelta(days=3))
    with owner() as counting:
        counting.autocommit = False
        counting.execute("update core_limitcount set used = used + 1 where key = 'stale-b'")
        with connection.cursor() as cursor:
            cursor.execute("set lock_timeout = '5s'")
            try:
                assert limits.prune(now=now) == 1
            finally:
                cursor.execute("reset lock_timeout")
        counting.rollback()
    assert limits.prune(now=now) == 1
