"""What a line of a foreign file may be, judged one by one (E02, E03, E04)."""

from datetime import date

import pytest

from fulfillment.codefiles.clean import tail
from fulfillment.codefiles.parse import Entry, Refusal, header, parse
from fulfillment.states import Verdict

TODAY = date(2026, 11, 22)
DAY = date(2027, 6, 30)


def judge(
    text: str, *, columns: dict[str, int] | None = None, single: bool = False
) -> Entry | Refusal:
    return parse(text, columns=columns or {}, single=single, today=TODAY)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("123 AB-1", Entry("123", "AB-1")),
        ("123\tAB-1", Entry("123", "AB-1")),
        ("123,AB-1", Entry("123", "AB-1")),
        ("123，AB-1", Entry("123", "AB-1")),
        ("123----AB-1", Entry("123", "AB-1")),
        ("  123    AB-1  \r", Entry("123", "AB-1")),
        ("\ufeff123 AB-1", Entry("123", "AB-1")),
        ("１２３ ＡＢ－１", Entry("123", "AB-1")),
        ("12\u200b3----AB\u200d-1", Entry("123", "AB-1")),
        ("123\u00a0AB-1", Entry("123", "AB-1")),
        ('"123","AB,1"', Entry("123", "AB,1")),
        ("123----AB 1", Entry("123", "AB 1")),
        ("123 AB-1 2027-06-30", Entry("123", "AB-1", DAY)),
        ("123,AB-1,2027/6/30", Entry("123", "AB-1", DAY)),
        ("123,AB-1,20270630", Entry("123", "AB-1", DAY)),
        ("123,AB-1,2027年6月30日", Entry("123", "AB-1", DAY)),
        ("123,AB-1,2027-06-30 00:00:00", Entry("123", "AB-1", DAY)),
        ("123,AB-1,", Entry("123", "AB-1")),
        ("卡号一,密码二", Entry("卡号一", "密码二")),
        ("123 AB-1 2026-11-22", Entry("123", "AB-1", TODAY)),
    ],
)
def test_good_lines(text: str, expected: Entry) -> None:
    assert judge(text) == expected


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("", Verdict.BLANK),
        (" \t \r", Verdict.BLANK),
        ("\u200b\ufeff", Verdict.BLANK),
        ("123", Verdict.MALFORMED),
        ("123----", Verdict.MALFORMED),
        ("----AB-1", Verdict.MALFORMED),
        ("123,", Verdict.MALFORMED),
        ("1 2 3 4", Verdict.MALFORMED),
        ("只有卡号没有卡密", Verdict.MALFORMED),
        ("=cmd|' /C calc'!A0", Verdict.FORMULA),
        ("+123 AB", Verdict.FORMULA),
        ("-123 AB", Verdict.FORMULA),
        ("@SUM(A1) AB", Verdict.FORMULA),
        ("123,=HYPERLINK(1)", Verdict.FORMULA),
        ("\u200b=1+1 AB", Verdict.FORMULA),
        ("＝1 AB", Verdict.FORMULA),
        ("12\x003 AB", Verdict.CONTROL),
        ("123 A\x07B", Verdict.CONTROL),
        ("123 A\x1bB", Verdict.CONTROL),
        ("123 A\ue000B", Verdict.CONTROL),
        ("123 A\ufffdB", Verdict.UNDECODABLE),
        ("x" * 5000, Verdict.TOO_LONG),
        (f"{'1' * 200} AB", Verdict.TOO_LONG),
        (f"1 {'A' * 300}", Verdict.TOO_LONG),
        ("123 AB 2027-13-01", Verdict.BAD_DATE),
        ("123 AB soon", Verdict.BAD_DATE),
        ("123 AB 2026-11-21", Verdict.PAST_DATE),
    ],
)
def test_refused_lines(text: str, verdict: Verdict) -> None:
    judged = judge(text)
    assert isinstance(judged, Refusal)
    assert judged.verdict == verdict


def test_right_to_left_marks_do_not_make_another_code() -> None:
    assert judge("12\u202e3 AB\u2066-1") == judge("123 AB-1")


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("card_number,secret,expires_on", {"number": 0, "secret": 1, "expires_on": 2}),
        ("卡号,卡密,有效期", {"number": 0, "secret": 1, "expires_on": 2}),
        ("有效期\t卡密\t卡号", {"expires_on": 0, "secret": 1, "number": 2}),
        ("Card_Number----PIN", {"number": 0, "secret": 1}),
        ("note,secret", {"secret": 1}),
    ],
)
def test_header_lines(text: str, columns: dict[str, int]) -> None:
    assert header(text) == columns


@pytest.mark.parametrize("text", ["123 AB-1", "card_number,name", ""])
def test_no_header(text: str) -> None:
    assert header(text) is None


def test_columns_of_the_header_decide() -> None:
    columns = {"expires_on": 0, "secret": 2, "number": 1}
    assert judge("2027-06-30,123,AB,more", columns=columns) == Entry("123", "AB", DAY)
    assert judge("2027-06-30,123", columns=columns) == Refusal(Verdict.MALFORMED, judge_masked())


def judge_masked() -> str:
    return tail("2027-06-30", most=2)


def test_a_header_without_numbers_means_single_codes() -> None:
    assert judge("AB-1,x", columns={"secret": 0}) == Entry("", "AB-1")


def test_single_codes() -> None:
    assert judge("ABCD-1", single=True) == Entry("", "ABCD-1")
    assert judge("ABCD-1 2027-06-30", single=True) == Entry("", "ABCD-1", DAY)


def test_what_is_shown_is_never_a_secret() -> None:
    assert judge("0164814476341659----6R9T-DMSD").masked == "••••1659"
    assert Entry("", "ABCDEFGH").masked == "••••GH"
    assert Entry("12", "AB").masked == "••••2"
    assert Entry("", "A").masked == "••••"
    assert "AB-1" not in repr(judge("123 AB-1"))
    assert "123" not in repr(judge("123 AB-1"))
