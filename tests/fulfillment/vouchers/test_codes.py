"""Our own codes: unguessable, readable, and a wrong character or an exchange is always seen."""

import math
from collections import Counter
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.vouchers.codes import (
    ALPHABET,
    LENGTH,
    PRIME,
    grouped,
    new_code,
    qr_text,
    read_code,
)

SIGNS = st.text(ALPHABET, min_size=LENGTH - 1, max_size=LENGTH - 1)


def test_there_are_more_than_eighty_random_bits() -> None:
    assert (LENGTH - 1) * math.log2(len(ALPHABET)) > 80
    assert all(PRIME % divisor for divisor in range(2, PRIME))


def test_nothing_looks_like_another() -> None:
    assert not set("OILUZ") & set(ALPHABET)
    assert len(set(ALPHABET)) == len(ALPHABET)


def test_every_single_wrong_character_and_every_exchange_of_two_is_seen() -> None:
    for _ in range(20):
        code = new_code()
        for place, sign in enumerate(code):
            for other in set(ALPHABET) - {sign}:
                assert read_code(code[:place] + other + code[place + 1 :]) == ""
        for left, right in combinations(range(LENGTH), 2):
            if code[left] != code[right]:
                signs = list(code)
                signs[left], signs[right] = signs[right], signs[left]
                assert read_code("".join(signs)) == ""


@given(SIGNS)
def test_each_drawing_has_exactly_one_check_character(drawn: str) -> None:
    assert len([sign for sign in ALPHABET if read_code(drawn + sign)]) == 1


@pytest.mark.parametrize(
    "written",
    [
        lambda code: code,
        grouped,
        lambda code: grouped(code).lower(),
        lambda code: qr_text(grouped(code)),
        lambda code: f"  qy：{code[:4]} {code[4:]} ",
        lambda code: "".join(chr(ord(sign) + 0xFEE0) for sign in code),
        lambda code: code.replace("0", "O").replace("1", "l").replace("V", "u").replace("2", "z"),
        lambda code: f"QY;{code}",
        "－".join,
    ],
)
def test_it_is_read_however_it_is_written(written: object) -> None:
    for _ in range(30):
        code = new_code()
        assert read_code(written(code)) == code  # type: ignore[operator]


@pytest.mark.parametrize(
    "text", ["", "QY:", "x" * 10_000, "4006381333931", "你好", "\x00", "-" * 30]
)
def test_what_is_none_is_none(text: str) -> None:
    assert read_code(text) == ""


@given(st.text(max_size=60))
def test_reading_never_fails(text: str) -> None:
    code = read_code(text)
    assert code == "" or read_code(code) == code


def test_characters_are_drawn_evenly() -> None:
    drawn = Counter("".join(new_code()[:-1] for _ in range(4000)))
    expected = 4000 * (LENGTH - 1) / PRIME
    # Chi squared with 30 degrees of freedom: 70 is passed by chance once in 25,000 runs.
    assert sum((drawn[s] - expected) ** 2 / expected for s in ALPHABET) < 70
