import time

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from catalog.inputs import VALIDATORS, InputError, InputSpec, clean, wrong_params
from catalog.inputs.patterns import UnsafePattern, compiled


def spec(validator: str, key: str = "field", **params: object) -> InputSpec:
    return InputSpec(key, key, key, validator, params)


@pytest.mark.parametrize(
    ("validator", "params", "typed", "value", "masked"),
    [
        ("phone", {}, "138 0013 8000", "13800138000", "138****8000"),
        ("phone", {}, "+86 138-0013-8000", "13800138000", "138****8000"),
        ("phone", {}, "１３８００１３８０００", "13800138000", "138****8000"),
        ("phone", {}, "\u200b13800138000\ufeff", "13800138000", "138****8000"),
        ("phone", {"carriers": ["cmcc"]}, "13800138000", "13800138000", "138****8000"),
        ("phone", {"carriers": ["cucc"]}, "13012345678", "13012345678", "130****5678"),
        ("phone", {"carriers": ["ctcc"]}, "18912345678", "18912345678", "189****5678"),
        ("qq", {}, " 10001 ", "10001", "1****1"),
        ("mail", {}, "Ann.Lee@EXAMPLE.com", "Ann.Lee@example.com", "A***@example.com"),
        ("game_uid", {}, "100 123 456", "100123456", "100****3456"),
        (
            "fuel_card",
            {"company": "sinopec"},
            "1000 1112 3456 7890 123",
            "1000111234567890123",
            "100****0123",
        ),
        (
            "fuel_card",
            {"company": "petrochina"},
            "9012345678901234",
            "9012345678901234",
            "901****1234",
        ),
        ("regex", {"pattern": "[A-Z]{2}[0-9]{4}"}, "AB1234", "AB1234", "A****4"),
        ("text", {"max": 5}, "hello", "hello", "h****o"),
    ],
)
def test_accepts(
    validator: str, params: dict[str, object], typed: str, value: str, masked: str
) -> None:
    cleaned = clean([InputSpec("field", "", "", validator, params)], {"field": typed})
    assert (cleaned.values, cleaned.masked) == ({"field": value}, masked)


@pytest.mark.parametrize(
    ("validator", "params", "typed"),
    [
        ("phone", {}, "12800138000"),
        ("phone", {}, "1380013800"),
        ("phone", {}, "138001380000"),
        ("phone", {}, "010-88889999"),
        ("phone", {}, "+1 202 555 0143"),
        ("phone", {}, "13800138000; drop"),
        ("phone", {"carriers": ["cmcc"]}, "18912345678"),
        ("phone", {"carriers": ["cmcc"]}, "16500001111"),
        ("qq", {}, "01234"),
        ("qq", {}, "1234"),
        ("qq", {}, "123456789012"),
        ("mail", {}, "ann@"),
        ("mail", {}, "ann@example.com\r\nBcc: x@example.com"),
        ("game_uid", {}, "012345678"),
        ("game_uid", {}, "12345678"),
        ("fuel_card", {}, "100011123456789012"),
        ("fuel_card", {}, "2000111234567890123"),
        ("game_server", {"options": [{"value": "a", "label": "A"}]}, "b"),
        ("regex", {"pattern": "[A-Z]+"}, "ab"),
        ("regex", {"pattern": "("}, "anything"),
        ("text", {"max": 3}, "four"),
    ],
)
def test_refuses_with_a_sentence(validator: str, params: dict[str, object], typed: str) -> None:
    for language in ("zh-hans", "en"):
        with translation.override(language), pytest.raises(InputError) as refused:
            clean([InputSpec("field", "", "", validator, params)], {"field": typed})
        assert refused.value.field == "field"
        assert len(refused.value.message) > 4


def test_the_carrier_is_named_in_the_reader_s_language() -> None:
    fields = [spec("phone", carriers=["cmcc"])]
    with translation.override("zh-hans"), pytest.raises(InputError) as chinese:
        clean(fields, {"field": "18912345678"})
    assert "中国电信" in chinese.value.message
    assert "中国移动" in chinese.value.message
    with translation.override("en"), pytest.raises(InputError) as english:
        clean(fields, {"field": "18912345678"})
    assert "China Telecom" in english.value.message


def test_the_carrier_is_a_detail() -> None:
    assert clean([spec("phone")], {"field": "13800138000"}).details == {"field": "cmcc"}


def test_a_missing_field_and_an_optional_one() -> None:
    with pytest.raises(InputError):
        clean([spec("qq")], {"field": " \u200b "})
    optional = InputSpec("field", "", "", "qq", {}, required=False)
    assert clean([optional], {}).values == {}


def test_what_nobody_asked_for_is_dropped() -> None:
    assert clean([spec("qq", "qq")], {"qq": "10001", "price": "0"}).values == {"qq": "10001"}


def test_several_fields_are_masked_in_one_line() -> None:
    servers = [{"value": "a", "label": "天空岛", "label_en": "Celestia"}]
    fields = [spec("game_uid", "uid"), spec("game_server", "server", options=servers)]
    cleaned = clean(fields, {"uid": "100123456", "server": "a"})
    assert cleaned.values == {"uid": "100123456", "server": "a"}
    assert cleaned.masked == "100****3456 · 天空岛"


@given(st.sampled_from(sorted(VALIDATORS)), st.text(max_size=300))
def test_any_text_is_taken_or_refused_and_never_shown_whole(key: str, text: str) -> None:
    options: list[object] = [{"value": "a", "label": "A"}]
    params: dict[str, object] = {}
    if key == "game_server":
        params = {"options": options}
    if key == "regex":
        params = {"pattern": "[0-9a-z]{4,20}"}
    cleaned, sentence = None, ""
    try:
        cleaned = clean([InputSpec("field", "", "", key, params)], {"field": text})
    except InputError as refused:
        sentence = refused.message
    if cleaned is None:
        assert sentence
        return
    value = cleaned.values["field"]
    assert len(value) <= 200
    if len(value) > 4 and key != "game_server":
        assert value not in cleaned.masked


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$",
        "(a|aa)+$",
        "([a-z]+)*x",
        r"(.)\1",
        "a*a*a*a*b",
        "(",
        "x" * 200,
        "(?:(?:a{1,9}){1,9}){1,9}",
    ],
)
def test_patterns_that_may_run_away_are_refused(pattern: str) -> None:
    with pytest.raises(UnsafePattern):
        compiled(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "[A-Z]{2}[0-9]{6,8}",
        "(?:AB|CD)[0-9]+",
        r"\d+-\d+",
        "(?=A)[A-Z]{3}",
        "([0-9]{4}-){3}[0-9]{4}",
    ],
)
def test_usual_patterns_are_fine(pattern: str) -> None:
    assert compiled(pattern).pattern == pattern


def test_an_accepted_pattern_stays_quick() -> None:
    started = time.process_time()
    for pattern in (r"\w*\d*x", r"[a-z]*[0-9]*[a-z]*!"):
        compiled(pattern).fullmatch("a1" * 32)
    # What backtracks without end takes hours.
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    ("key", "params", "right"),
    [
        ("phone", {}, True),
        ("phone", {"carriers": ["cmcc", "cbn"]}, True),
        ("phone", {"carriers": ["nobody"]}, False),
        ("phone", {"carrier": ["cmcc"]}, False),
        ("game_server", {}, False),
        ("game_server", {"options": [{"label": "A"}]}, False),
        ("game_server", {"options": [{"value": "a"}]}, True),
        ("regex", {}, False),
        ("regex", {"pattern": "(a+)+"}, False),
        ("regex", {"pattern": "a+"}, True),
        ("text", {"min": 5, "max": 2}, False),
        ("fuel_card", {"company": "shell"}, False),
        ("nothing", {}, False),
    ],
)
def test_set_up_is_checked(key: str, params: dict[str, object], right: bool) -> None:
    assert (wrong_params(key, params) == "") is right
