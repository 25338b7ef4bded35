"""What a connection may set of its dialect, and that nothing else gets in."""

import json
from typing import Any

import pytest

from core import clock
from core.crypto import ensure_data_key
from fulfillment.models import Supplier
from fulfillment.services.suppliers.change_supplier_keys import read_text
from fulfillment.services.suppliers.connect_supplier import connect_supplier
from fulfillment.services.suppliers.save_supplier import (
    TakesTwoPersons,
    options_text,
    save_supplier,
)
from fulfillment.suppliers.options import BadOptions, Option, read_options

KNOWN = {
    "charset": Option("utf-8", choices=("utf-8", "gbk")),
    "upper": Option(False),
    "refusals": Option(()),
    "prefix": Option("fulu"),
}


def test_what_is_not_given_is_the_default() -> None:
    assert read_options({}, KNOWN) == {
        "charset": "utf-8", "upper": False, "refusals": (), "prefix": "fulu",
    }  # fmt: skip
    given = {"charset": "gbk", "upper": True, "refusals": ["3010"]}
    assert read_options(given, KNOWN) == {**given, "refusals": ("3010",), "prefix": "fulu"}


@pytest.mark.parametrize(
    "given",
    [{"nothing": 1}, {"charset": "koi8"}, {"upper": "yes"}, {"upper": 1}, {"refusals": "3010"},
     {"refusals": [3010]}, {"refusals": ["x"] * 65}, {"prefix": "x" * 65}, {"prefix": None},
     {"charset": None}],
)  # fmt: skip
def test_anything_else_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(BadOptions):
        read_options(given, KNOWN)


@pytest.mark.parametrize("text", ["[1]", "{", "1", '"x"'])
def test_the_text_must_be_an_object(text: str) -> None:
    with pytest.raises(BadOptions):
        read_text(text)


def test_equal_options_have_one_text() -> None:
    assert options_text({"b": 1, "a": 2}) == options_text({"a": 2, "b": 1})
    assert read_text(options_text({})) == {}
    assert json.loads(options_text({"a": "壹"})) == {"a": "壹"}


def save(options: dict[str, Any] | None) -> Supplier:
    return save_supplier(
        code="b", name="B", dialect="form_md5", base_url="http://127.0.0.1:1", key_id="k1",
        secret="s", by="user:usr_TEST", now=clock.now(), options=options,
    )  # fmt: skip


def test_options_reach_the_connection_and_take_two_persons_to_change(db: None) -> None:
    ensure_data_key()
    supplier = save({"charset": "GBK"})
    assert connect_supplier(supplier).connection.options == {"charset": "GBK"}
    assert save(None).options == {"charset": "GBK"}
    with pytest.raises(TakesTwoPersons):
        save({"charset": "UTF-8"})
    with pytest.raises(BadOptions):
        save({"colour": "blue"})
