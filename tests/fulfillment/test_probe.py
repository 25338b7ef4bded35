"""Character sets and line ends: right, or refused with a line number; never mojibake (E03)."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.codefiles.probe import Probe, lines

TEXT = "卡号,卡密\n1234,密码一\n5678,ABCD\n"
LIMIT = 64


def receive(data: bytes, size: int = 7) -> tuple[bytes, str]:
    probe = Probe()
    out = b"".join(probe.feed(data[i : i + size]) for i in range(0, len(data), size))
    out += probe.finish()
    return out, probe.encoding()


def cut(data: bytes, size: int = 5, start: int = 0) -> list[tuple[bytes, int, bool]]:
    pieces: Iterator[bytes] = (data[i : i + size] for i in range(0, len(data), size))
    return list(lines(pieces, start=start, limit=LIMIT))


@pytest.mark.parametrize(
    ("codec", "mark"),
    [
        ("utf-8", b""), ("utf-8", b"\xef\xbb\xbf"), ("gb18030", b""), ("gbk", b""),
        ("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("size", [2, 3, 7, 1000])
def test_every_usual_character_set(codec: str, mark: bytes, size: int) -> None:
    if mark and len(mark) > size:
        size = 3
    out, encoding = receive(mark + TEXT.encode(codec), size)
    assert out.decode(encoding) == TEXT


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_seen_by_its_zeros(codec: str) -> None:
    text = "1234 ABCD\n5678 EFGH\n"
    out, encoding = receive(text.encode(codec), 1000)
    assert out.decode(encoding) == text


def test_gb18030_letters_of_four_bytes() -> None:
    text = "𠮷1 A\n"
    out, encoding = receive(text.encode("gb18030"))
    assert out.decode(encoding) == text


def test_what_is_nothing_known_keeps_its_good_lines() -> None:
    out, encoding = receive(b"123 AB\n\xff\xff\x80\n456 CD\n")
    good, bad, last = out.decode(encoding, errors="replace").splitlines()
    assert (good, last) == ("123 AB", "456 CD")
    assert "\ufffd" in bad


def test_a_letter_cut_off_at_the_end_is_noticed() -> None:
    assert receive(b"ab\n\xe5")[1] == "utf-8"
    assert receive(b"ab\n" + "卡".encode("gb18030"))[1] == "gb18030"


@pytest.mark.parametrize("size", range(1, 9))
def test_line_ends(size: int) -> None:
    found = cut(b"a\r\nb\nc\rd\r\n\r\ne", size)
    assert [text for text, _, _ in found] == [b"a", b"b", b"c", b"d", b"", b"e"]
    assert found[-1][1] == len(b"a\r\nb\nc\rd\r\n\r\ne")


def test_every_offset_is_a_place_to_go_on_from() -> None:
    data = b"one\r\ntwo\n\nthree\rfour\n"
    whole = cut(data)
    for index, (_, end, _) in enumerate(whole):
        assert cut(data[end:], start=end) == whole[index + 1 :]


def test_a_line_without_end_is_not_collected() -> None:
    data = b"a\n" + b"x" * 10_000 + b"\nb\n"
    found = cut(data, 100)
    assert [(overlong, end) for _, end, overlong in found] == [
        (False, 2), (True, 10_003), (False, 10_005),
    ]  # fmt: skip
    assert all(len(text) <= LIMIT for text, _, _ in found)


@given(st.lists(st.text("ab \t1,-", max_size=20), max_size=30), st.integers(1, 50))
def test_cutting_is_the_same_for_every_size_of_piece(texts: list[str], size: int) -> None:
    data = "\n".join(texts).encode()
    assert [text for text, _, _ in cut(data, size)] == data.splitlines()


@given(st.binary(max_size=300), st.integers(1, 50))
def test_any_bytes_at_all(data: bytes, size: int) -> None:
    found = cut(data, size)
    assert (found[-1][1] if found else 0) == len(data)
    out, encoding = receive(data, size)
    out.decode(encoding, errors="replace")
