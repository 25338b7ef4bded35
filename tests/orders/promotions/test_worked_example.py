"""The example of docs/pricing.md, computed again."""

from pathlib import Path

from benchmarks.parts.nine_rules import example, told
from orders.promotions.engine import price_cart

DOC = Path(__file__).parents[3] / "docs" / "pricing.md"


def test_the_table_says_what_the_engine_does() -> None:
    text = DOC.read_text(encoding="utf-8")
    table = text.partition("### Nine rules on ten lines")[2]
    rows = [line for line in table.splitlines() if line.startswith("| ") and "|---" not in line]
    assert rows[1:] == told()


def test_the_words_below_it_are_true() -> None:
    priced = price_cart(example())
    used = {one.rule: one for one in priced.used}
    assert "video-five" not in used
    assert "fifteen" not in used
    assert used["eight-percent"].discount_minor == 1633
    assert used["first-six"].subsidy_minor == 1050
    assert used["latte-gift"].subsidy_minor == 1000
    assert used["sum-steps"].discount_minor == 2500
    assert len(example().lines) == 10
    assert len(example().rules) == 9
