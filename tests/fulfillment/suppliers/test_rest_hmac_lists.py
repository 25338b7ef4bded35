"""Dialect C's catalogue and statement: what is believed, and what is set aside (C16, C20)."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core.ids import new_number
from fulfillment.suppliers.base import Connection, Purchase, Verdict
from fulfillment.suppliers.lists import LineKind, Stock
from fulfillment.suppliers.registry import adapter_for
from fulfillment.suppliers.rest_hmac import listing
from simulators.process import Simulator
from simulators.supplier_c.script import Supplier as Script
from tests.factories.supply import KEY_ID, PHONE, SECRET

ADAPTER = adapter_for("rest_hmac")
GOOD = {"product": "X-1", "name": "月卡", "kind": "direct", "face_value": "30.00", "cost": "16.50",
        "currency": "CNY", "stock": 5, "state": "on", "max_quantity": 1, "fields": []}  # fmt: skip


def now() -> datetime:
    return datetime.now(UTC)


def connection(url: str, **changes: Any) -> Connection:
    return Connection(
        **{"code": "c", "base_url": url, "key_id": KEY_ID, "keys": {KEY_ID: SECRET}, **changes}
    )


def test_goods_come_with_price_and_stock(supplier_c: Simulator, script: Script) -> None:
    page = ADAPTER.catalog(connection(supplier_c.url), cursor="", now=now())
    found = {item.supplier_sku: item for item in page.items}
    assert (page.problem, page.rejected) == ("", ())
    assert (found["TOPUP-1"].cost_minor, found["TOPUP-1"].stock) == (1650, Stock.UNLIMITED)
    assert (found["CARD-1"].kind, found["CARD-1"].as_of) == ("card", page.as_of)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"cost": "-1.00"}, "bad_cost"),
        ({"cost": "0.00"}, "bad_cost"),
        ({"cost": "NaN"}, "bad_money"),
        ({"cost": 16.5}, "bad_money"),
        ({"cost": "99999999999999.00"}, "bad_money"),
        ({"stock": -1}, "bad_stock"),
        ({"stock": True}, "bad_stock"),
        ({"stock": "many"}, "bad_stock"),
        ({"product": ""}, "bad_sku"),
        ({"product": "TOPUP-1"}, "twice"),
        ({"name": "x" * 201}, "bad_name"),
        ({"name": "\x00"}, "bad_field"),
        ({"kind": "sms"}, "bad_kind"),
        ({"currency": "XYZ"}, "bad_money"),
        ({"state": "maybe"}, "bad_field"),
    ],
)
def test_an_entry_that_cannot_be_true_is_set_aside(
    supplier_c: Simulator, script: Script, changes: dict[str, Any], why: str
) -> None:
    script.fault("inject", op="products", items=[{**GOOD, **changes}])
    page = ADAPTER.catalog(connection(supplier_c.url), cursor="", now=now())
    assert why in {entry.why for entry in page.rejected}
    assert page.items
    assert all(item.cost_minor > 0 for item in page.items)


def test_a_flood_of_goods_is_no_page() -> None:
    flood = [{**GOOD, "product": f"F{at}"} for at in range(2001)]
    page = {"items": flood, "next_cursor": None}
    assert listing.read_page(page, now=now()).problem == "bad_items"


@pytest.mark.parametrize("fault", ["bad_signature", "error_before", "half_body", "bom", "not_json"])
def test_an_unproved_list_is_a_problem_and_not_an_empty_list(
    supplier_c: Simulator, script: Script, fault: str
) -> None:
    link = connection(supplier_c.url)
    script.fault(fault, op="products")
    page = ADAPTER.catalog(link, cursor="", now=now())
    assert page.problem
    assert not page.items
    script.fault(fault, op="statement")
    day = ADAPTER.statement(link, day=now().date(), now=now())
    assert day.problem
    assert not day.lines


def test_statement_tells_what_was_charged(supplier_c: Simulator, script: Script) -> None:
    link = connection(supplier_c.url)
    buy = Purchase(merchant_no=new_number("Q"), supplier_sku="TOPUP-1", kind="direct",
                   max_cost_minor=1650, account=PHONE)  # fmt: skip
    script.fault("stuck", op="order", match={"external_id": buy.merchant_no}, state="SUBMITTED")
    assert ADAPTER.place(link, buy, now=now()).verdict is Verdict.ACCEPTED
    script.finish(buy.merchant_no, "FAILED")
    today = now().astimezone(ZoneInfo("Asia/Shanghai")).date()
    heard = ADAPTER.statement(link, day=today, now=now())
    mine = [line for line in heard.lines if line.merchant_no == buy.merchant_no]
    assert [(line.kind, line.amount_minor) for line in mine] == [
        (LineKind.ORDER, -1650), (LineKind.REFUND, 1650),
    ]  # fmt: skip
    assert (heard.rejected, len(heard.digest)) == ((), 64)
    later = ADAPTER.statement(link, day=today + timedelta(days=400), now=now())
    assert (later.lines, later.problem) == ((), "")
