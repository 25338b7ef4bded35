"""The catalogue and the statement, and what an adapter says of itself."""

import json
from dataclasses import replace
from typing import Any, ClassVar

import pytest

from fulfillment.suppliers.lists import LineKind
from fulfillment.suppliers.options import read_options
from tests.fulfillment.suppliers.suite.kit import COST, Bench, Kit, now, today


class Lists:
    kit: ClassVar[Kit]

    def test_the_catalogue(self, bench: Bench) -> None:
        if not bench.adapter.capabilities.catalog:
            pytest.skip("has no list of goods")
        bench.script.product("TOPUP-2", stock=0)
        found: dict[str, Any] = {}
        cursor, pages = "", 0
        while cursor or not pages:
            page = bench.adapter.catalog(bench.link, cursor=cursor, now=now())
            assert (page.problem, page.rejected) == ("", ())
            found |= {item.supplier_sku: item for item in page.items}
            cursor, pages = page.next_cursor, pages + 1
            assert pages < 9
        assert {name: found[name].cost_minor for name in ("TOPUP-1", "CARD-1")} == {
            "TOPUP-1": COST, "CARD-1": COST,
        }  # fmt: skip
        assert (found["CARD-1"].kind, found["TOPUP-1"].kind) == ("card", "direct")
        assert found["TOPUP-2"].stock == 0
        assert found["CARD-1"].as_of is not None

    def test_c16_rubbish_in_the_catalogue_is_set_aside(self, bench: Bench) -> None:
        """C16: no price of nothing, nothing twice, nothing endless."""
        if not bench.adapter.capabilities.catalog:
            pytest.skip("has no list of goods")
        whole = bench.adapter.catalog(bench.link, cursor="", now=now())
        odd: list[Any] = [None, 7, [], "x", {}, {"price": "NaN"}, {"cost": -1}, {"stock": 1e300}]
        bench.script.fault("inject", op="products", items=odd)
        page = bench.adapter.catalog(bench.link, cursor="", now=now())
        assert page.problem or len(page.rejected) == len(odd)
        assert set(page.items) <= {replace(item, as_of=page.as_of) for item in whole.items}
        bench.script.fault("inject", op="products", items=[7] * 20_500)
        assert bench.adapter.catalog(bench.link, cursor="", now=now()).problem, "endless"

    def test_the_statement_tells_every_movement(self, bench: Bench) -> None:
        if not bench.adapter.capabilities.statement:
            pytest.skip("gives no statement")
        kept, lost = bench.stuck(), bench.stuck()
        bench.script.finish(kept.merchant_no, "COMPLETED")
        bench.script.finish(lost.merchant_no, "FAILED")
        heard = bench.adapter.statement(bench.link, day=today(), now=now())
        assert (heard.problem, heard.rejected, len(heard.digest)) == ("", (), 64)
        told = {
            buy.merchant_no: [
                (line.kind, line.amount_minor)
                for line in heard.lines
                if line.merchant_no == buy.merchant_no
            ]
            for buy in (kept, lost)
        }
        charged = (LineKind.ORDER, -COST)
        assert told == {
            kept.merchant_no: [charged],
            lost.merchant_no: [charged, (LineKind.REFUND, COST)],
        }
        truth = bench.script.truth()
        assert heard.lines[-1].balance_after_minor == truth["balance_minor"]
        assert sum(line.amount_minor for line in heard.lines) == sum(
            move["amount_minor"] for move in truth["movements"]
        )

    def test_an_unproved_list_is_a_problem_and_not_empty(self, bench: Bench) -> None:
        able = bench.adapter.capabilities
        for fault in ("bad_signature", "error_before", "half_body", "not_json"):
            if able.catalog:
                bench.script.fault(fault, op="products")
                page = bench.adapter.catalog(bench.link, cursor="", now=now())
                assert (page.problem != "", page.items) == (True, ())
            if able.statement:
                bench.script.fault(fault, op="statement")
                day = bench.adapter.statement(bench.link, day=today(), now=now())
                assert (day.problem != "", day.lines) == (True, ())

    def test_it_says_what_it_can(self) -> None:
        adapter = self.kit.adapter
        able = adapter.capabilities
        assert able.kinds
        assert able.kinds <= {"direct", "card"}
        assert able.max_quantity >= 1
        assert adapter.title
        assert read_options({}, adapter.options).keys() == dict(adapter.options).keys()
        json.dumps({name: str(option.default) for name, option in adapter.options.items()})
        assert read_options(self.kit.options, adapter.options) is not None
