"""One stage for all fault tests of a module; what they do adds up, and is compared as a whole."""

from collections.abc import Iterator

import pytest

from tests.faults.stage import Stage, standing
from tests.house import House


@pytest.fixture(scope="module")
def stage(request: pytest.FixtureRequest, _house: House) -> Iterator[Stage]:
    """The module may say what it WISHES for (see goods.make)."""
    with standing(_house, **getattr(request.module, "WISHES", {})) as made:
        yield made
