"""The stage of all fault tests: what they do adds up, and is compared as a whole."""

from collections.abc import Iterator

import pytest

from tests.faults.stage import Stage, stage_on
from tests.house import House


@pytest.fixture
def stage(_house: House) -> Iterator[Stage]:
    """Calm before and after each test, whatever became of it."""
    made = stage_on(_house)
    try:
        yield made
    finally:
        made.calm()
