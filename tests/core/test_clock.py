import time
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from core import clock


def test_follows_the_database_not_the_wall_clock(committed: None, owner_sql: Any) -> None:
    with time_machine.travel("2001-01-01", tick=True):
        clock.forget()
        ((database,),) = owner_sql("select clock_timestamp()")
        assert abs(clock.now() - database) < timedelta(seconds=1)
    clock.forget()


def test_moves_for_every_process_and_back(committed: None, owner_sql: Any) -> None:
    ((database,),) = owner_sql("select clock_timestamp()")
    clock.move(3600)
    clock.move(60)
    assert abs(clock.now() - database - timedelta(seconds=3660)) < timedelta(seconds=2)
    clock.reset()
    assert abs(clock.now() - database) < timedelta(seconds=2)


def test_is_not_movable_in_production(settings: Any) -> None:
    settings.TEST_HOOKS = False
    with pytest.raises(RuntimeError):
        clock.move(1)


@pytest.mark.django_db
def test_costs_no_statement_while_calibrated(settings: Any, django_assert_num_queries: Any) -> None:
    settings.TEST_HOOKS = False
    clock.now()
    with django_assert_num_queries(0):
        first = clock.now()
        time.sleep(0.01)
        assert clock.now() > first
