"""What every adapter must survive, whatever it speaks: against a counterpart over real HTTP.

A dialect's own test makes a ``Kit`` and inherits ``Conformance``; that is all::

    class TestMine(Conformance):
        kit = Kit(dialect="mine", simulator="supplier_mine")

The counterpart is a process on the engine of ``simulators.supply``. Its truth log says what was
really sold and charged; nothing here asks the adapter whether the adapter was right.
"""

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import pytest

from core.ids import new_number
from fulfillment.suppliers.base import (
    Adapter,
    Answer,
    Callback,
    Connection,
    Purchase,
    Strength,
    Verdict,
)
from fulfillment.suppliers.lists import LineKind
from fulfillment.suppliers.options import read_options
from fulfillment.suppliers.registry import adapter_for
from simulators.client import Client
from simulators.supply.script import Supplier as Script
from tests.factories.supply import KEY_ID, PHONE
from tests.fulfillment.simulated import Suppliers

#: Thirty-two characters, so that a dialect may take it for an AES-256 key.
SECRET = "a-test-secret-of-32-characters-x"
COST = 1650
SHANGHAI = ZoneInfo("Asia/Shanghai")

#: Faults of the line: parameters, and whether the supplier did it all the same.
LINE: dict[str, tuple[dict[str, Any], bool]] = {
    "drop_before": ({}, False),
    "error_before": ({"status": 503}, False),
    "rate_limited": ({"retry_after": 7}, False),
    "redirect": ({"location": "http://127.0.0.1:1/"}, False),
    "drop_after": ({}, True),
    "error_after": ({"status": 502}, True),
    "rate_limited_after": ({}, True),
    "half_body": ({}, True),
    "bad_signature": ({}, True),
    "wrong_nonce": ({}, True),
    "stale_reply": ({}, True),
    "bom": ({}, True),
    "charset": ({}, True),
    "not_json": ({}, True),
    "empty": ({}, True),
    "huge": ({"bytes": 50_000_000}, True),
    "gzip_bomb": ({"bytes": 50_000_000}, True),
}
#: Refusals by the engine's word; the adapter may say them in a word of its own.
REFUSALS = ("OUT_OF_STOCK", "PRODUCT_OFF", "UNKNOWN_PRODUCT", "BAD_ACCOUNT",
            "INSUFFICIENT_BALANCE", "QUANTITY_ABOVE_LIMIT")  # fmt: skip


@dataclass(frozen=True)
class Kit:
    """What the suite must be told of a dialect."""

    dialect: str
    #: The counterpart's name, and its module when that is not ``simulators.<name>``.
    simulator: str
    module: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    #: Faults of the line that cannot be told in this dialect (no nonce, no time in an answer, …).
    cannot_tell: frozenset[str] = frozenset()
    #: Ways in which cards can be spoiled in the look-up (``odd_cards``).
    odd_cards: tuple[str, ...] = ("none", "empty", "blank", "half")
    #: What a script sends before the first test (a recipe, say).
    prepare: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def adapter(self) -> Adapter:
        return adapter_for(self.dialect)

    def connection(self, url: str, **changes: Any) -> Connection:
        values: dict[str, Any] = {
            "code": "x", "base_url": url, "key_id": KEY_ID, "keys": {KEY_ID: SECRET},
            "options": self.options, "callback_url": "http://127.0.0.1:9/suppliers/x/callback/",
        }  # fmt: skip
        return Connection(**{**values, **changes})


def now() -> datetime:
    return datetime.now(UTC)


def purchase(**changes: Any) -> Purchase:
    values = {"merchant_no": new_number("Q"), "supplier_sku": "TOPUP-1", "kind": "direct",
              "max_cost_minor": COST, "account": PHONE, **changes}  # fmt: skip
    return Purchase(**values)


def card() -> Purchase:
    return purchase(supplier_sku="CARD-1", kind="card", account="")


class Bench:
    """One adapter at its counterpart: what a test of either needs."""

    def __init__(self, kit: Kit, url: str, script: Script) -> None:
        self.kit, self.url, self.script = kit, url, script
        self.adapter = kit.adapter
        self.link = kit.connection(url)

    def place(self, buy: Purchase, link: Connection | None = None) -> Answer:
        return self.adapter.place(link or self.link, buy, now=now())

    def ask(self, buy: Purchase, link: Connection | None = None) -> Answer:
        return self.adapter.query(link or self.link, buy, now=now())

    def read(self, made: Any, known: Purchase | None) -> Callback:
        return self.adapter.read_callback(
            self.link, headers=made.headers, body=made.body, now=now(), find=lambda _no: known
        )

    def fault(self, fault: str, buy: Purchase, *, op: str = "order", **params: Any) -> None:
        self.script.fault(fault, op=op, match={"external_id": buy.merchant_no}, **params)

    def stuck(self, buy: Purchase | None = None) -> Purchase:
        """An order that was taken and does not go on by itself."""
        buy = buy or purchase()
        self.fault("stuck", buy, state="SUBMITTED")
        assert self.place(buy).verdict is Verdict.ACCEPTED
        return buy

    def grants(self, buy: Purchase) -> list[dict[str, Any]]:
        return self.script.grants(external_id=buy.merchant_no)

    def orders(self, buy: Purchase) -> list[dict[str, Any]]:
        return self.script.orders(external_id=buy.merchant_no)


class Conformance:
    """Inherit, name the kit, and run."""

    kit: ClassVar[Kit]

    @pytest.fixture
    def bench(self, suppliers: Suppliers) -> Iterator[Bench]:
        kit = self.kit
        url = suppliers.get(kit.simulator, secret=SECRET, module=kit.module).url
        script = Script(url)
        for act, body in kit.prepare.items():
            script.control(act, **body)
        yield Bench(kit, url, script)
        script.clear_faults()
        for name in ("TOPUP-1", "TOPUP-2", "CARD-1"):
            script.product(name, cost_minor=COST, stock=None, state="on", max_quantity=100)

    # --- a purchase from beginning to end ---------------------------------------------------

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
        assert done == bench.ask(buy)  # what cannot change is read alike

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
    def test_listed_refusals_are_definite(self, bench: Bench, code: str) -> None:
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

    # --- doubt ------------------------------------------------------------------------------

    def test_nobody_listens(self, bench: Bench) -> None:
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
    def test_faults_of_the_line_are_unknown(self, bench: Bench, fault: str) -> None:
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

    def test_no_such_order(self, bench: Bench) -> None:
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

    def test_an_order_outlives_its_key(self, bench: Bench) -> None:
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

    # --- money ------------------------------------------------------------------------------

    def test_the_price_rose_between_quote_and_order(self, bench: Bench) -> None:
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

    def test_the_balance_is_theirs(self, bench: Bench) -> None:
        """C15 begins here: zero is a figure, not a problem."""
        for minor in (123_456, 0, 100_000_000):
            bench.script.set_balance(minor)
            found = bench.adapter.balance(bench.link, now=now())
            assert (found.minor, found.currency, found.problem) == (minor, "CNY", "")

    def test_a_balance_that_is_not_proved_is_a_problem(self, bench: Bench) -> None:
        for fault in ("bad_signature", "half_body", "error_before", "not_json"):
            bench.script.fault(fault, op="balance")
            assert bench.adapter.balance(bench.link, now=now()).problem

    # --- goods ------------------------------------------------------------------------------

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

    def test_a_spoiled_card_is_never_delivered_empty(self, bench: Bench) -> None:
        """C17."""
        if "card" not in bench.adapter.capabilities.kinds:
            pytest.skip("sells no cards")
        for how in self.kit.odd_cards:
            buy = self._bought_card(bench)
            bench.fault("odd_cards", buy, op="lookup", how=how)
            answer = bench.ask(buy)
            assert (answer.verdict, answer.codes) == (Verdict.UNKNOWN, ()), how
            assert bench.ask(buy).verdict is Verdict.SUCCEEDED

    def test_part_of_an_order_is_no_success(self, bench: Bench) -> None:
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

    # --- messages ---------------------------------------------------------------------------

    def test_a_true_message(self, bench: Bench) -> None:
        strength = bench.adapter.capabilities.callback_strength
        if strength is Strength.NONE:
            pytest.skip("never calls")
        buy = bench.stuck()
        bench.script.finish(buy.merchant_no, "COMPLETED")
        heard = bench.read(bench.script.callback(buy.merchant_no), buy)
        assert (heard.merchant_no, heard.verified) == (buy.merchant_no, True)
        assert (heard.answer.verdict, heard.strength) == (Verdict.SUCCEEDED, strength)
        assert heard.answer.codes == ()
        for accepted in (True, False):
            said = bench.adapter.acknowledge(bench.link, accepted=accepted)
            assert (said.status < 300) is accepted

    def test_forged_messages_prove_nothing(self, bench: Bench) -> None:
        """C06: forged, old, permuted, altered where nothing is signed."""
        if bench.adapter.capabilities.callback_strength is Strength.NONE:
            pytest.skip("never calls")
        buy = bench.stuck()
        true = bench.read(bench.script.callback(buy.merchant_no), buy)
        for kind in _forgeries(bench.script, buy.merchant_no):
            made = bench.script.callback(buy.merchant_no, forge=kind)
            heard = bench.read(made, buy)
            proved = heard.strength is Strength.STRONG and heard.verified
            ours = heard.merchant_no == buy.merchant_no
            succeeded = heard.answer.verdict is Verdict.SUCCEEDED
            assert not (proved and ours and succeeded), kind
            if not heard.verified:
                assert heard.answer.verdict is Verdict.UNKNOWN
                assert heard.dedupe_key != true.dedupe_key
                assert heard.dedupe_key.startswith("refused:")

    def test_a_message_about_another_purchase(self, bench: Bench) -> None:
        if bench.adapter.capabilities.callback_strength is not Strength.STRONG:
            pytest.skip("a weak message only makes us ask")
        buy = bench.stuck()
        bench.script.finish(buy.merchant_no, "COMPLETED")
        made = bench.script.callback(buy.merchant_no)
        for change in ({"account": "13900139000"}, {"supplier_sku": "TOPUP-2"}, {"quantity": 2}):
            other = replace(buy, **change)
            assert bench.read(made, other).answer.verdict is Verdict.UNKNOWN

    @pytest.mark.parametrize(
        "body",
        [b"", b"\x00", b"\xff\xfe", b"{}", b"[]", b"null", b"=", b"&&&", b"a=1&a=2", b"1" * 70_000,
         b'{"sign": 1}', b'{"sign": "\\ud800"}', b"%", b"<x/>", b'{"a":' * 5000],
    )  # fmt: skip
    def test_rubbish_is_no_message(self, bench: Bench, body: bytes) -> None:
        heard = bench.adapter.read_callback(
            bench.link, headers={}, body=body, now=now(), find=lambda _no: None
        )
        assert (heard.verified, heard.answer.verdict) == (False, Verdict.UNKNOWN)

    # --- lists ------------------------------------------------------------------------------

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

    def test_rubbish_in_the_catalogue_is_set_aside(self, bench: Bench) -> None:
        """C16: no price of nothing, nothing twice, nothing endless."""
        if not bench.adapter.capabilities.catalog:
            pytest.skip("has no list of goods")
        whole = bench.adapter.catalog(bench.link, cursor="", now=now())
        odd: list[Any] = [None, 7, [], "x", {}, {"price": "NaN"}, {"cost": -1}, {"stock": 1e300}]
        bench.script.fault("inject", op="products", items=odd)
        page = bench.adapter.catalog(bench.link, cursor="", now=now())
        assert page.problem or len(page.rejected) == len(odd)
        assert set(page.items) <= {replace(item, as_of=page.as_of) for item in whole.items}

    def test_the_statement_tells_every_movement(self, bench: Bench) -> None:
        if not bench.adapter.capabilities.statement:
            pytest.skip("gives no statement")
        kept, lost = bench.stuck(), bench.stuck()
        bench.script.finish(kept.merchant_no, "COMPLETED")
        bench.script.finish(lost.merchant_no, "FAILED")
        heard = bench.adapter.statement(bench.link, day=_today(), now=now())
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
                day = bench.adapter.statement(bench.link, day=_today(), now=now())
                assert (day.problem != "", day.lines) == (True, ())

    # --- what it says of itself -------------------------------------------------------------

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


def _today() -> Any:
    return now().astimezone(SHANGHAI).date()


def _forgeries(script: Client, number: str) -> list[str]:
    """The counterpart's own list of callbacks that must change nothing."""
    return list(script.control("forgeries", external_id=number)["kinds"])
