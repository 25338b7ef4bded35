"""A purchase from beginning to end, and everything that may leave it in doubt."""

import socket
import tracemalloc
from dataclasses import replace
from typing import Any, ClassVar

import pytest

from core.wire import deadline
from fulfillment.suppliers.base import Verdict
from tests.factories.supply import KEY_ID, PHONE
from tests.fulfillment.suppliers.suite.kit import (
    COST,
    LINE,
    REFUSALS,
    SECRET,
    Bench,
    Kit,
    now,
    purchase,
)

#: Bytes that reading one answer may take at its height, with all that Python makes of it.
MOST_MEMORY = 16 << 20


class Purchases:
    kit: ClassVar[Kit]

    def test_an_order_and_its_end(self, bench: Bench) -> None:
        buy = bench.stuck()
        waiting = bench.ask(buy)
        assert (waiting.verdict, waiting.trusted, waiting.problem) == (Verdict.ACCEPTED, True, "")
        bench.script.finish(buy.merchant_no, "COMPLETED")
        done = bench.ask(buy)
        assert (done.verdict, done.cost_minor, done.currency) == (Verdict.SUCCEEDED, COST, "CNY")
        assert done.supplier_no
        assert done.supplier_no == waiting.supplier_no
        assert len(bench.grants(buy)) == 1
        again = bench.ask(buy)
        # What cannot change is read alike; a body that carries a nonce has another digest.
        assert replace(again, digest=done.digest) == done

    @pytest.mark.parametrize("end", ["FAILED", "REJECTED"])
    def test_a_definite_end(self, bench: Bench, end: str) -> None:
        buy = bench.stuck()
        bench.script.finish(buy.merchant_no, end)
        answer = bench.ask(buy)
        assert answer.verdict in (Verdict.FAILED, Verdict.REJECTED)
        assert (answer.trusted, answer.code != "", bench.grants(buy)) == (True, True, [])

    def test_a_withdrawn_success_is_not_a_success(self, bench: Bench) -> None:
        buy = bench.stuck()
        bench.script.finish(buy.merchant_no, "COMPLETED")
        bench.script.finish(buy.merchant_no, "REVERSED")
        assert bench.ask(buy).verdict in (Verdict.REVERSED, Verdict.FAILED)

    @pytest.mark.parametrize("code", REFUSALS)
    def test_c10_listed_refusals_are_definite(self, bench: Bench, code: str) -> None:
        """C10."""
        buy = purchase()
        bench.fault("reject", buy, code=code)
        answer = bench.place(buy)
        assert (answer.verdict, answer.trusted) == (Verdict.REJECTED, True)
        assert answer.code
        assert bench.grants(buy) == []

    @pytest.mark.parametrize("fault", ["reject_later", "fail"])
    def test_a_refusal_after_acceptance(self, bench: Bench, fault: str) -> None:
        buy = purchase()
        bench.fault(fault, buy, seconds=0)
        bench.place(buy)
        while (answer := bench.ask(buy)).verdict is Verdict.ACCEPTED:
            pass
        assert answer.verdict in (Verdict.FAILED, Verdict.REJECTED)

    def test_c02_nobody_listens(self, bench: Bench) -> None:
        """C02: only what provably never left may be tried elsewhere."""
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            link = self.kit.connection(f"http://127.0.0.1:{closed.getsockname()[1]}")
            assert bench.place(purchase(), link).verdict is Verdict.NOT_SENT
            assert bench.ask(purchase(), link).verdict is Verdict.UNKNOWN
            assert bench.adapter.balance(link, now=now()).problem
            assert bench.adapter.catalog(link, cursor="", now=now()).problem
            assert bench.adapter.statement(link, day=now().date(), now=now()).problem

    @pytest.mark.parametrize("fault", LINE)
    def test_c18_faults_of_the_line_are_unknown(self, bench: Bench, fault: str) -> None:
        """C01, C02, C03, C18: after the first byte only a whole, proved, listed answer counts."""
        if fault in self.kit.cannot_tell:
            pytest.skip("this dialect has nothing by which to tell")
        params, done = LINE[fault]
        buy = purchase()
        bench.fault(fault, buy, **params)
        answer = bench.place(buy)
        assert (answer.verdict, answer.trusted, answer.codes) == (Verdict.UNKNOWN, False, ())
        assert answer.problem
        if "retry_after" in params:
            assert answer.retry_after_seconds == params["retry_after"]
        found = bench.ask(buy).verdict
        assert found in ((Verdict.ACCEPTED, Verdict.SUCCEEDED) if done else (Verdict.NOT_FOUND,))
        assert len(bench.orders(buy)) == int(done)

    def test_c18_an_answer_that_drips_ends_with_the_call(self, bench: Bench) -> None:
        """One byte now and then is never late for a client that counts from byte to byte."""
        buy = purchase()
        bench.fault("slow_loris", buy, seconds=20.0)
        with deadline(1.0):
            answer = bench.place(buy)
        # On a machine that slow the call may have been over before it left.
        unsent = bench.orders(buy) == [] and answer.verdict is Verdict.NOT_SENT
        assert unsent or answer.verdict is Verdict.UNKNOWN

    @pytest.mark.parametrize("fault", ["huge", "gzip_bomb"])
    def test_c18_a_flood_does_not_fill_the_memory(self, bench: Bench, fault: str) -> None:
        buy = purchase()
        bench.fault(fault, buy, bytes=50_000_000)
        tracemalloc.start()
        try:
            assert bench.place(buy).verdict is Verdict.UNKNOWN
            assert tracemalloc.get_traced_memory()[1] < MOST_MEMORY
        finally:
            tracemalloc.stop()

    @pytest.mark.parametrize("fault", ["half_body", "bad_signature", "error_after", "empty"])
    def test_a_spoiled_look_up_proves_nothing(self, bench: Bench, fault: str) -> None:
        buy = bench.stuck()
        bench.script.finish(buy.merchant_no, "COMPLETED")
        bench.fault(fault, buy, op="lookup")
        assert bench.ask(buy).verdict is Verdict.UNKNOWN
        assert bench.ask(buy).verdict is Verdict.SUCCEEDED

    def test_a_word_that_is_not_in_the_table(self, bench: Bench) -> None:
        buy = purchase()
        bench.fault("odd_state", buy, word="DONE")
        assert (bench.place(buy).verdict, bench.ask(buy).verdict) == (Verdict.UNKNOWN,) * 2

    def test_c11_no_such_order(self, bench: Bench) -> None:
        """C11: the adapter says what was said; the road decides what it means, and when."""
        assert bench.ask(purchase()).verdict is Verdict.NOT_FOUND
        buy = purchase()
        bench.fault("hide", buy, seconds=3600)
        bench.place(buy)
        assert bench.ask(buy).verdict is Verdict.NOT_FOUND
        assert len(bench.orders(buy)) == 1

    def test_a_repeat_never_buys_twice(self, bench: Bench) -> None:
        buy = purchase()
        bench.place(buy)
        again = bench.place(buy)
        assert again.verdict in (Verdict.UNKNOWN, Verdict.ACCEPTED, Verdict.SUCCEEDED)
        assert len(bench.orders(buy)) == 1

    def test_the_same_number_for_something_else(self, bench: Bench) -> None:
        """Another order under our number is not ours, however well it is signed."""
        buy = bench.stuck()
        bench.script.finish(buy.merchant_no, "COMPLETED")
        others: list[dict[str, Any]] = [
            {"account": PHONE[::-1]}, {"supplier_sku": "TOPUP-2"},
            {"quantity": 2, "max_cost_minor": 2 * COST},
        ]  # fmt: skip
        for change in others:
            other = replace(buy, **change)
            assert bench.ask(other).verdict is Verdict.UNKNOWN, change
            assert bench.place(other).verdict is Verdict.UNKNOWN, change

    def test_wrong_keys_prove_nothing(self, bench: Bench) -> None:
        wrong = self.kit.connection(bench.url, keys={KEY_ID: "x" * len(SECRET)})
        nobody = self.kit.connection(bench.url, key_id="k7", keys={"k7": SECRET})
        for link in (wrong, nobody):
            buy = purchase()
            assert bench.place(buy, link).verdict in (Verdict.UNKNOWN, Verdict.NOT_SENT)
            assert bench.ask(buy, link).verdict is Verdict.UNKNOWN
            assert bench.adapter.balance(link, now=now()).problem
            assert bench.orders(buy) == []

    def test_c21_an_order_outlives_its_key(self, bench: Bench) -> None:
        """C21: keys change mid-flight; what was bought under the old one can be asked after."""
        buy = bench.stuck()
        bench.script.control("key", key_id="k2", secret=SECRET[::-1])
        keys = {KEY_ID: SECRET, "k2": SECRET[::-1]}
        changed = self.kit.connection(bench.url, key_id="k2", keys=keys)
        bench.script.finish(buy.merchant_no, "COMPLETED")
        assert bench.ask(buy, changed).verdict is Verdict.SUCCEEDED
        made = bench.script.callback(buy.merchant_no)
        heard = bench.adapter.read_callback(
            changed, headers=made.headers, body=made.body, now=now(), find=lambda _no: buy
        )
        assert heard.verified
