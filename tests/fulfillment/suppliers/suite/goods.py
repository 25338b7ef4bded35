"""Money and cards: what is charged, what comes, and what must never be delivered."""

from dataclasses import replace
from typing import ClassVar

import pytest

from fulfillment.suppliers.base import Purchase, Verdict
from tests.fulfillment.suppliers.suite.kit import COST, Bench, Kit, card, now, purchase


class Goods:
    kit: ClassVar[Kit]

    def test_c14_the_price_rose_between_quote_and_order(self, bench: Bench) -> None:
        """C14: refused before money moves."""
        if not bench.adapter.capabilities.price_guard:
            pytest.skip("no price guard: the road compares the charge")
        bench.script.product("TOPUP-2", cost_minor=COST * 12 // 10)
        buy = purchase(supplier_sku="TOPUP-2")
        before = bench.script.truth()["balance_minor"]
        answer = bench.place(buy)
        assert (answer.verdict, answer.code) == (Verdict.REJECTED, "PRICE_ABOVE_LIMIT")
        assert (bench.grants(buy), bench.script.truth()["balance_minor"]) == ([], before)

    def test_what_is_charged_is_told(self, bench: Bench) -> None:
        buy = purchase(max_cost_minor=10 * COST)
        bench.fault("price", buy, percent=20)
        bench.place(buy)
        answer = bench.ask(buy)
        assert answer.cost_minor == COST * 12 // 10

    def test_c15_the_balance_is_theirs(self, bench: Bench) -> None:
        """C15 begins here: zero is a figure, not a problem."""
        for minor in (123_456, 0, 100_000_000):
            bench.script.set_balance(minor)
            found = bench.adapter.balance(bench.link, now=now())
            assert (found.minor, found.currency, found.problem) == (minor, "CNY", "")

    def test_a_balance_that_is_not_proved_is_a_problem(self, bench: Bench) -> None:
        for fault in ("bad_signature", "half_body", "error_before", "not_json"):
            bench.script.fault(fault, op="balance")
            assert bench.adapter.balance(bench.link, now=now()).problem

    def _bought_card(self, bench: Bench) -> Purchase:
        buy = bench.stuck(card())
        bench.script.finish(buy.merchant_no, "COMPLETED")
        return buy

    def test_a_card_comes_whole(self, bench: Bench) -> None:
        if "card" not in bench.adapter.capabilities.kinds:
            pytest.skip("sells no cards")
        buy = self._bought_card(bench)
        answer = bench.ask(buy)
        (granted,) = bench.grants(buy)
        assert answer.verdict is Verdict.SUCCEEDED
        (code,) = answer.codes
        assert (code.number, code.secret) == (granted["number"], granted["secret"])
        assert code.expires_on == granted["expires_on"]
        assert granted["secret"] not in repr(answer)

    def test_c17_a_spoiled_card_is_never_delivered_empty(self, bench: Bench) -> None:
        """C17."""
        if "card" not in bench.adapter.capabilities.kinds:
            pytest.skip("sells no cards")
        for how in self.kit.odd_cards:
            buy = self._bought_card(bench)
            bench.fault("odd_cards", buy, op="lookup", how=how)
            answer = bench.ask(buy)
            assert (answer.verdict, answer.codes) == (Verdict.UNKNOWN, ()), how
            assert bench.ask(buy).verdict is Verdict.SUCCEEDED

    def test_c12_part_of_an_order_is_no_success(self, bench: Bench) -> None:
        """C12: two of three came. Nobody may read that as three, nor as none."""
        if bench.adapter.capabilities.max_quantity < 3:
            pytest.skip("sells one at a time")
        buy = replace(card(), quantity=3, max_cost_minor=3 * COST)
        bench.fault("partial", buy, delivered=2)
        bench.place(buy)
        while (answer := bench.ask(buy)).verdict is Verdict.ACCEPTED:
            pass
        assert (answer.verdict, answer.codes) == (Verdict.UNKNOWN, ())
        assert len(bench.grants(buy)) == 2
