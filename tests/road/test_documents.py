"""The documents about the road and its words name things that are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROAD = (ROOT / "docs" / "road.md").read_text()
#: `catalog/pricing/price.py`, `orders/services/quote.py`: a path in backticks.
NAMED = re.compile(r"`([a-z_]+(?:/[a-z_]+)+(?:\.py|/)?)`")
STEP = re.compile(r"^\| (\w+′?) \| `([^`]+)` \|", re.MULTILINE)


@pytest.mark.parametrize("name", sorted(set(NAMED.findall(ROAD))))
def test_the_road_names_files_that_exist(name: str) -> None:
    assert (ROOT / name).exists(), f"docs/road.md names {name}"


def test_the_road_is_told_step_by_step() -> None:
    steps = dict(STEP.findall(ROAD))
    assert [step for step in steps if step.isdigit()] == [str(n) for n in range(1, 11)]
    assert steps["3"] == "orders/services/place_order.py"
    assert steps["7"] == "fulfillment/road.py"


@pytest.mark.parametrize(
    "name", [path for _step, path in STEP.findall(ROAD) if "/services/" in path]
)
def test_a_step_is_one_verb_named_like_its_file(name: str) -> None:
    """The reader who opens the file finds the function at once."""
    assert f"\ndef {Path(name).stem}(" in (ROOT / name).read_text()


def test_models_named_on_the_road_exist() -> None:
    for name in re.findall(r"`([A-Z]\w+)`", ROAD):
        sources = [*ROOT.glob("*/models/*.py"), *ROOT.glob("*/events.py")]
        assert any(f"class {name}" in path.read_text() for path in sources), name
