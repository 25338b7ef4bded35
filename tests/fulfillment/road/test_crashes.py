"""kill -9 at each crash point of the road; the next visit goes on, and the unit is bought once."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pytest_django import Settings

from fulfillment.models import Delivery, Supplier
from simulators.supplier_c.script import Supplier as Script
from tests.factories.supply import PREPAID, advance, drive, due_now, make_topup, open_unit
from tests.fulfillment.road.conftest import all_holds, books
from tests.fulfillment.road.test_road import grants

ROOT = Path(__file__).parents[3]
LEASE_SECONDS = 0.3


@pytest.fixture(autouse=True)
def _short(settings: Settings) -> None:
    settings.SUPPLY_TIME_SCALE = 0.001
    settings.LEASE_SECONDS = LEASE_SECONDS


def die_at(point: str, unit: Delivery, folder: Path) -> None:
    """Run one visit in another process that is killed when it reaches the point."""
    (folder / point).touch()
    env = os.environ | {
        "CRASH_DIR": str(folder), "SUPPLY_TIME_SCALE": "0.001", "DATABASE_POOL": "0",
        "LEASE_SECONDS": str(LEASE_SECONDS), "DJANGO_SETTINGS_MODULE": "config.settings",
    }  # fmt: skip
    command = [sys.executable, "-m", "tests.fulfillment.road.visitor", unit.public_id]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, (done.returncode, done.stdout, done.stderr)
    time.sleep(LEASE_SECONDS)


@pytest.mark.parametrize(
    ("point", "attempts"),
    [("CP06", 1), ("CP07", 2), ("CP08", 2), ("CP09", 1), ("CP10", 1), ("CP11", 1)],
)
def test_killed_while_buying(
    standing: Supplier, script: Script, tmp_path: Path, point: str, attempts: int
) -> None:
    unit = open_unit(make_topup(standing))
    die_at(point, unit, tmp_path)
    drive(unit)
    assert (unit.state, grants(script, unit)) == ("delivered", 1)
    assert unit.attempts.count() == attempts
    assert books(standing)["supplier_prepaid"] == PREPAID - 1650
    assert books(standing)["supplier_suspense"] == 0
    all_holds()


def test_killed_with_the_answer_of_a_query_in_hand(
    standing: Supplier, script: Script, tmp_path: Path
) -> None:
    unit = open_unit(make_topup(standing))
    script.fault("drop_after", op="order")
    advance(unit)
    due_now(unit)
    die_at("CP14", unit, tmp_path)
    drive(unit)
    assert (unit.state, grants(script, unit), unit.attempts.count()) == ("delivered", 1, 1)
    all_holds()
