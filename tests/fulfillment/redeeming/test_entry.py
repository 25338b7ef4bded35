"""What scanners and input methods make of a code is read as what it was."""

import pytest

from fulfillment.redeeming.entry import LONGEST, read_amount, read_entry
from fulfillment.vouchers.codes import grouped, new_code, qr_text, read_code

WIDE = str.maketrans({chr(n): chr(n + 0xFEE0) for n in range(0x21, 0x7F)})


@pytest.mark.parametrize(
    "typed",
    [
        lambda code: qr_text(code).translate(WIDE),
        lambda code: qr_text(code).lower(),
        lambda code: f" {grouped(code)}\r\n",
        lambda code: grouped(code).replace("-", "－"),
        lambda code: grouped(code).replace("-", "—"),
        lambda code: grouped(code).replace("-", "一"),
        " ".join,
        lambda code: "\u200b" + qr_text(code) + "\ufeff",
        lambda code: "QY：" + code,
        lambda code: "\x02" + code + "\x03",
    ],
)
def test_a_mishap_of_the_keyboard_is_the_same_code(typed: object) -> None:
    code = new_code()
    assert read_code(read_entry(typed(code))) == code  # type: ignore[operator]


def test_an_entry_is_cut_to_what_a_code_can_be() -> None:
    assert len(read_entry("A" * 100_000)) == LONGEST
    assert read_entry("\x00\n\t ") == ""


@pytest.mark.parametrize(
    ("typed", "minor"),
    [("12.5", 1250), ("１２．５０", 1250), ("12,5", 1250), ("¥12.50", 1250), ("￥12。5", 1250), (" 3 ", 300),
     ("12元", 1200)],
)  # fmt: skip
def test_an_amount_is_read_as_clerks_type_it(typed: str, minor: int) -> None:
    assert read_amount(typed, "CNY") == minor


@pytest.mark.parametrize(
    "typed", ["", "0", "-1", "1.234", "abc", "1e3", "nan", "9" * 13, "1.2.3", "1,000.50"]
)
def test_what_is_no_amount_is_none(typed: str) -> None:
    assert read_amount(typed, "CNY") is None
