"""Planning takes a core while it lasts: one process is at it, the others stay free for orders."""

from datetime import timedelta

import pytest

from core import clock, leases
from core.models import Duty
from fulfillment.models import Forecast
from fulfillment.purchasing_tasks import PLAN_TASK, plan
from tests.factories.fulfillment import make_goods
from tests.factories.purchasing import make_history

pytestmark = pytest.mark.usefixtures("committed")


def test_a_second_planner_leaves_the_work_to_the_first() -> None:
    sku, now = make_goods("topup"), clock.now()
    make_history(sku, [5] * 60, now=now)
    held = leases.take_duty(PLAN_TASK, seconds=60, now=now)
    plan()
    assert not Forecast.objects.exists()
    leases.end_duty(PLAN_TASK, held)
    plan()
    assert Forecast.objects.get().sku_id == sku.pk
    assert Duty.objects.get(name=PLAN_TASK).until is None


def test_a_planner_that_died_is_replaced() -> None:
    leases.take_duty(PLAN_TASK, seconds=60, now=clock.now() - timedelta(seconds=61))
    plan()
    assert Duty.objects.get(name=PLAN_TASK).until is None
