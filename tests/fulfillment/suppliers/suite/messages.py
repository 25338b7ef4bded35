"""What comes unasked: true, forged, about somebody else, or rubbish."""

from dataclasses import replace
from typing import ClassVar

import pytest

from fulfillment.suppliers.base import Strength, Verdict
from simulators.client import Client
from tests.fulfillment.suppliers.suite.kit import Bench, Kit, now

#: What may be heard in a message that claims a state, by what is true and what it claims. A success of
#: which nothing was delivered contradicts itself, where a dialect tells how much was.
CLAIMS: dict[tuple[str, str], tuple[Verdict, ...]] = {
    ("COMPLETED", "SUBMITTED"): (Verdict.ACCEPTED,),
    ("COMPLETED", "FAILED"): (Verdict.FAILED, Verdict.REJECTED),
    ("FAILED", "COMPLETED"): (Verdict.SUCCEEDED, Verdict.UNKNOWN),
}


class Messages:
    kit: ClassVar[Kit]

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

    @pytest.mark.parametrize(("truth", "claimed"), list(CLAIMS))
    def test_a_message_says_what_it_claims(self, bench: Bench, truth: str, claimed: str) -> None:
        """Rightly signed it tells another state than the true one, and that is what is heard."""
        if bench.adapter.capabilities.callback_strength is Strength.NONE:
            pytest.skip("never calls")
        buy = bench.stuck()
        bench.script.finish(buy.merchant_no, truth)
        true = bench.script.callback(buy.merchant_no)
        other = bench.script.callback(buy.merchant_no, **bench.script.claim(claimed))
        heard = bench.read(other, buy)
        assert (heard.merchant_no, heard.verified) == (buy.merchant_no, True)
        assert heard.answer.verdict in CLAIMS[truth, claimed]
        # What says something else is another message, and the same bytes are the same one.
        assert heard.dedupe_key != bench.read(true, buy).dedupe_key
        assert heard.dedupe_key == bench.read(other, buy).dedupe_key

    def test_c06_forged_messages_prove_nothing(self, bench: Bench) -> None:
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


def _forgeries(script: Client, number: str) -> list[str]:
    """The counterpart's own list of callbacks that must change nothing."""
    return list(script.control("forgeries", external_id=number)["kinds"])
