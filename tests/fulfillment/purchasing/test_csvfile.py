"""A file of sales from anywhere: what is good is taken, what is not says why."""

from datetime import date

import pytest

from fulfillment.purchasing.csvfile import BadFile, read_sales


def test_good_lines_become_series() -> None:
    found = read_sales(
        ["date,sku,units,note\n", "2026-10-01,A,3,x\n", "2026/10/03,A,5,\n", "2026-10-04,B,1,\n"]
    )
    assert [(s.key, s.start, s.units) for s in found.series] == [
        ("A", date(2026, 10, 1), (3, 0, 5, 0)),
        ("B", date(2026, 10, 4), (1,)),
    ]
    assert (found.taken, found.refused) == (3, [])


def test_a_spreadsheet_of_windows_is_read() -> None:
    found = read_sales(["\ufeffSKU,Date,Units\r\n", "会员月卡,2026-10-01,3\r\n", "\r\n"])
    assert found.series[0].key == "会员月卡"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("A,2026-13-01,3", "bad_date"),
        ("A,yesterday,3", "bad_date"),
        ("A,2026-10-01,three", "bad_units"),
        ("A,2026-10-01,3.5", "bad_units"),
        ("A,2026-10-01,-3", "negative_units"),
        ("A,2026-10-01,99999999999999999999", "too_many_units"),
        ("A,2026-10-01", "too_few_cells"),
        (",2026-10-01,3", "bad_sku"),
        ("A" * 200 + ",2026-10-01,3", "bad_sku"),
        ("A,2026-10-01,３", "bad_units"),
    ],
)
def test_a_bad_line_has_a_verdict_and_spoils_nothing(line: str, why: str) -> None:
    found = read_sales(["sku,date,units\n", "A,2026-10-01,3\n", line + "\n", "A,2026-10-02,4\n"])
    assert [(bad.line, bad.why) for bad in found.refused] == [(3, why)]
    assert found.series[0].units == (3, 4)


def test_lines_of_one_day_add_up_and_an_empty_one_is_sold_out() -> None:
    found = read_sales(
        ["sku,date,units\n", "A,2026-10-01,3\n", "A,2026-10-01,4\n", "A,2026-10-02,\n"]
    )
    assert found.series[0].units == (7, None)
    assert found.added_up == 1


@pytest.mark.parametrize("header", [[], ["a,b,c\n"], ["sku;date;units\n"]])
def test_a_file_without_the_columns_is_refused(header: list[str]) -> None:
    with pytest.raises(BadFile, match="no_columns"):
        read_sales([*header, "A,2026-10-01,3\n"])
