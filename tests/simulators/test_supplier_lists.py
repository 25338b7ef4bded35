"""Catalogue, balance and statement of dialect C."""

import csv
import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from simulators.clock import SHANGHAI
from simulators.process import Simulator
from simulators.supplier_c.script import Caller, Supplier
from tests.simulators.conftest import SECRET, supplier_options
from tests.simulators.numbers import number, until

TARGET = {"account": "13800138000"}
ORDERS = 40


@pytest.fixture
def own(tmp_path: Path) -> Iterator[tuple[Supplier, Caller]]:
    options = [
        *supplier_options(tmp_path / "p.csv"),
        "--submit-after",
        "0",
        "--complete-after",
        "0",
    ]
    with Simulator("supplier_c", state=tmp_path, options=options) as sim:
        yield Supplier(sim.url), Caller(sim.url, key_id="k1", secret=SECRET)


def today() -> str:
    return datetime.now(SHANGHAI).strftime("%Y-%m-%d")


def lines(caller: Caller) -> list[dict[str, str]]:
    answer = caller.call("GET", f"/v1/statement?day={today()}")
    assert (answer.status, answer.genuine) == (200, True)
    return list(csv.DictReader(answer.body.decode().splitlines()))


def test_pages_through_the_catalogue(own: tuple[Supplier, Caller]) -> None:
    supplier, caller = own
    for at in range(23):
        supplier.product(f"MORE-{at:02d}", cost_minor=100 + at)
    found: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        answer = caller.call("GET", f"/v1/products?cursor={cursor}&limit=7")
        assert answer.genuine
        found += answer.json()["items"]
        cursor = answer.json()["next_cursor"]
    codes = [item["product"] for item in found]
    assert codes == sorted(set(codes))
    assert len(codes) == 26
    one = caller.call("GET", "/v1/products/TOPUP-2").json()["item"]
    assert (one["cost"], one["stock"], one["kind"]) == ("8.00", 3, "direct")


@pytest.mark.parametrize(
    "query", ["cursor=!!", "limit=0", "limit=501", "limit=x", "limit=1&limit=2"]
)
def test_refuses_odd_pages(own: tuple[Supplier, Caller], query: str) -> None:
    assert own[1].call("GET", f"/v1/products?{query}").status == 400


def test_injects_mad_items(own: tuple[Supplier, Caller]) -> None:
    supplier, caller = own
    supplier.fault("inject", op="products", items=[{"product": "<b>", "cost": "-1.00"}])
    assert caller.call("GET", "/v1/products").json()["items"][-1]["cost"] == "-1.00"


def test_synchronous_when_both_waits_are_zero(own: tuple[Supplier, Caller]) -> None:
    order = own[1].place(number(), "CARD-1", quantity=2).json()["order"]
    assert (order["state"], len(order["cards"])) == ("COMPLETED", 2)


def test_statement_adds_up(own: tuple[Supplier, Caller]) -> None:
    supplier, caller = own
    supplier.fault("fail", op="order", seconds=0)
    supplier.fault("reverse", op="order", seconds=0, match={"product": "CARD-1"})
    for product in ("TOPUP-1", "CARD-1", "TOPUP-2"):
        caller.place(number(), product, target=None if product == "CARD-1" else TARGET)
    until(lambda: any(o["state"] == "REVERSED" for o in supplier.orders()))
    found = lines(caller)
    kinds = Counter(line["type"] for line in found)
    assert kinds == {"TOPUP": 1, "ORDER": 3, "REFUND": 1, "REVERSAL": 1}
    fen = [int(line["amount"].replace(".", "")) for line in found]
    assert sum(fen) == supplier.truth()["balance_minor"]
    assert int(found[-1]["balance_after"].replace(".", "")) == sum(fen)


def test_planted_breaks_are_the_only_ones(own: tuple[Supplier, Caller]) -> None:
    supplier, caller = own
    for _ in range(ORDERS):
        caller.place(number(), "TOPUP-1", target=TARGET)
    true = {line["type"] + line["id"]: line for line in lines(caller)}
    planted = supplier.statement_breaks(today(), count=30, seed=5)
    found = lines(caller)
    seen = Counter(line["type"] + line["id"] for line in found)
    missing = [key for key in true if key not in seen]
    unknown = [key for key in seen if key not in true]
    twice = [key for key, count in seen.items() if count > 1]
    wrong = [
        line["id"]
        for line in found
        if (key := line["type"] + line["id"]) in true and line != true[key]
    ]
    kinds = Counter(row["kind"] for row in planted)
    assert len(missing) == kinds["missing"] + kinds["timing"] + kinds["type"]
    assert len(unknown) == kinds["extra"] + kinds["type"]
    assert (len(twice), len(wrong)) == (kinds["duplicate"], kinds["amount"])
    assert sum(kinds.values()) == 30


def test_reads_a_shop_catalogue(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.csv"
    path.write_text(
        "﻿product,sku_code,sku,type,face_value_cny,cost_cny\n"
        "京东E卡,JD-E-100,100元,code,100.00,96.50\n"
        "爱奇艺,IQY-GOLD-M,月卡,topup,30.00,16.50\n"
    )
    with Simulator("supplier_c", state=tmp_path, options=["--products", str(path)]) as sim:
        key_id, _, secret = (tmp_path / "keys").read_text().strip().partition(":")
        caller = Caller(sim.url, key_id=key_id, secret=secret)
        items = {i["product"]: i for i in caller.call("GET", "/v1/products").json()["items"]}
    assert items["JD-E-100"]["kind"] == "card"
    assert items["JD-E-100"]["name"] == "京东E卡 100元"
    assert (items["IQY-GOLD-M"]["kind"], items["IQY-GOLD-M"]["cost"]) == ("direct", "16.50")


def test_any_product_and_json(tmp_path: Path) -> None:
    path = tmp_path / "products.json"
    path.write_text(json.dumps([{"product": "A", "cost": "1.00"}]))
    options = ["--products", str(path), "--any-product", "2.00", "--key", f"k1:{SECRET}"]
    with Simulator("supplier_c", state=tmp_path, options=options) as sim:
        caller = Caller(sim.url, key_id="k1", secret=SECRET)
        costs = [
            caller.place(number(), code, target=TARGET).json()["order"]["cost"] for code in "AB"
        ]
    assert costs == ["1.00", "2.00"]


def test_a_slow_supplier_refuses_the_fast(tmp_path: Path) -> None:
    options = [*supplier_options(tmp_path / "p.csv"), "--low-rate", "5"]
    with Simulator("supplier_c", state=tmp_path, options=options) as sim:
        caller = Caller(sim.url, key_id="k1", secret=SECRET)
        answers = [caller.call("GET", "/v1/balance") for _ in range(12)]
    statuses = [answer.status for answer in answers]
    assert statuses.count(200) >= 5
    assert 429 in statuses
    assert next(a for a in answers if a.status == 429).headers["retry-after"] == "1"
