"""One stage for all fault tests of a module; what they do adds up, and is compared as a whole."""

from collections.abc import Iterator

import pytest

from tests.faults.stage import Stage, standing
from tests.house import House


@pytest.fixture(scope="module")
def stage(_house: House) -> Iterator[Stage]:
    with standing(_house) as made:
        yield made
