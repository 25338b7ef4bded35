import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.importing.rows import COLUMNS, MAX_BYTES, BadRow, UnreadableFile, parse_row, read_lines

GOOD = {
    "category": "影视会员", "category_en": "Video", "brand": "爱奇艺", "brand_en": "iQIYI",
    "product": "爱奇艺黄金VIP会员", "product_en": "iQIYI Gold VIP", "sku_code": "IQY-GOLD-M", "sku": "月卡",
    "sku_en": "Monthly", "type": "topup", "input_fields": "phone", "face_value_cny": "30.00",
    "market_price_cny": "30.00", "cost_cny": "16.50", "price_cny": "19.90", "validity": "on_delivery",
    "guide": "说明", "guide_en": "Guide", "tags": "热门;新品",
}  # fmt: skip


def file_of(*rows: dict[str, str], encoding: str = "utf-8") -> bytes:
    lines = [",".join(COLUMNS)]
    lines += [
        ",".join('"' + row.get(name, "").replace('"', '""') + '"' for name in COLUMNS)
        for row in rows
    ]
    return "\n".join(lines).encode(encoding)


def test_a_good_row() -> None:
    row = parse_row(2, GOOD)
    assert (row.type_code, row.price_minor, row.cost_minor, row.tags) == (
        "topup-phone",
        1990,
        1650,
        ("热门", "新品"),
    )


@pytest.mark.parametrize(
    ("kind", "fields", "code"),
    [
        ("code", "", "code"),
        ("topup", "game_uid,game_server", "topup-game-uid-game-server"),
        ("topup", " phone_cmcc ", "topup-phone-cmcc"),
    ],
)
def test_type_codes(kind: str, fields: str, code: str) -> None:
    assert parse_row(2, {**GOOD, "type": kind, "input_fields": fields}).type_code == code


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("none", ("none", None, None)),
        ("on_delivery", ("on_delivery", None, None)),
        ("90_days", ("from_purchase", 90, None)),
        ("36_months", ("from_purchase", None, 36)),
    ],
)
def test_validity(text: str, expected: tuple[object, ...]) -> None:
    row = parse_row(2, {**GOOD, "validity": text})
    assert (row.validity_kind, row.validity_days, row.validity_months) == expected


@pytest.mark.parametrize(
    "change",
    [
        {"category": ""}, {"brand_en": ""}, {"product": ""}, {"sku_code": ""}, {"sku_en": ""},
        {"sku_code": "lower-case"}, {"sku_code": "A B"}, {"sku_code": "X" * 41},
        {"price_cny": ""}, {"price_cny": "0"}, {"price_cny": "-1"}, {"price_cny": "1e3"}, {"price_cny": "NaN"},
        {"price_cny": "19.905"}, {"price_cny": "¥19.90"}, {"price_cny": "16.49"}, {"price_cny": "9" * 20},
        {"cost_cny": "abc"}, {"face_value_cny": "-5"},
        {"validity": "soon"}, {"validity": "0_days"}, {"validity": "-3_days"}, {"validity": "99999_days"},
        {"product": "=HYPERLINK(1)"}, {"brand": "@cmd"}, {"sku": "+1"}, {"guide": "-1+1"},
        {"product": "爱\u200b奇艺"}, {"sku": "月\x00卡"}, {"product": "很" * 81},
    ],
)  # fmt: skip
def test_a_bad_row_has_a_reason(change: dict[str, str]) -> None:
    with pytest.raises(BadRow) as bad:
        parse_row(2, {**GOOD, **change})
    assert str(bad.value)


def test_encodings() -> None:
    for encoding in ("utf-8", "utf-8-sig", "gbk", "gb18030"):
        ((_line, cells),) = read_lines(file_of(GOOD, encoding=encoding))
        assert cells["brand"] == "爱奇艺"


@pytest.mark.parametrize(
    "content",
    [b"", b"a,b,c\n1,2,3\n", b"\xff\xfe\x00\x01", b"x" * (MAX_BYTES + 1)],
    ids=["empty", "columns", "binary", "huge"],
)
def test_an_unreadable_file_says_why(content: bytes) -> None:
    with pytest.raises(UnreadableFile) as unreadable:
        list(read_lines(content))
    assert str(unreadable.value)


def test_a_quoted_line_break_counts_lines_as_an_editor_does() -> None:
    first = {**GOOD, "guide": "one\ntwo"}
    assert [line for line, _cells in read_lines(file_of(first, GOOD))] == [3, 4]


@given(st.fixed_dictionaries({name: st.text(max_size=60) for name in COLUMNS}))
def test_any_row_is_taken_or_refused(cells: dict[str, str]) -> None:
    row, reason = None, ""
    try:
        row = parse_row(2, {name: value.strip() for name, value in cells.items()})
    except BadRow as bad:
        reason = str(bad)
    if row is None:
        assert reason
        return
    assert row.price_minor > 0
    assert row.cost_minor is None or row.cost_minor <= row.price_minor
