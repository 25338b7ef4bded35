"""What an order object means; whatever cannot be proved is UNKNOWN (C16, C17)."""

from typing import Any

import pytest

from fulfillment.suppliers.base import Answer, Purchase, Verdict
from fulfillment.suppliers.rest_hmac import reading
from fulfillment.suppliers.telling import Unreadable

BUY = Purchase("Q1", "TOPUP-1", "direct", 1650, account="13800138000")
CARD = Purchase("Q1", "CARD-1", "card", 1650)
ORDER: dict[str, Any] = {
    "id": "SC1", "external_id": "Q1", "product": "TOPUP-1", "kind": "direct", "quantity": 1,
    "delivered": 1, "target": {"account": "13800138000"}, "state": "COMPLETED", "reason": None,
    "cost": "16.50", "currency": "CNY", "cards": [], "version": 3,
}  # fmt: skip
CARDS = [{"number": "6222", "secret": "abc", "expires_on": "2027-12-31"}]
CARD_ORDER = {**ORDER, "product": "CARD-1", "kind": "card", "target": None, "cards": CARDS}


def read(order: object, purchase: Purchase | None = BUY, **options: Any) -> Answer:
    return reading.read_order(order, purchase=purchase, **options)


@pytest.mark.parametrize(
    ("state", "verdict"),
    [
        ("PENDING", Verdict.ACCEPTED),
        ("SUBMITTED", Verdict.ACCEPTED),
        ("COMPLETED", Verdict.SUCCEEDED),
        ("REJECTED", Verdict.REJECTED),
        ("FAILED", Verdict.FAILED),
        ("REVERSED", Verdict.REVERSED),
        ("SUCCESS", Verdict.UNKNOWN),
        ("completed", Verdict.UNKNOWN),
        ("", Verdict.UNKNOWN),
        (None, Verdict.UNKNOWN),
        (7, Verdict.UNKNOWN),
    ],
)
def test_only_listed_states_move_on(state: object, verdict: Verdict) -> None:
    assert read({**ORDER, "state": state}).verdict is verdict


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"external_id": "Q2"}, "other_external_id"),
        ({"product": "TOPUP-9"}, "other_product"),
        ({"quantity": 2}, "other_quantity"),
        ({"currency": "USD"}, "other_currency"),
        ({"target": {"account": "13900139000"}}, "other_account"),
        ({"target": None}, "other_account"),
        ({"delivered": 0}, "delivered_differs"),
        ({"delivered": "1"}, "delivered_differs"),
        ({"cost": 16.5}, "bad_cost"),
        ({"cost": "-16.50"}, "bad_cost"),
        ({"cost": "NaN"}, "bad_cost"),
        ({"cost": "1e3"}, "bad_cost"),
        ({"cost": "9999999999.00"}, "bad_cost"),
    ],
)
def test_an_answer_about_something_else_proves_nothing(
    changes: dict[str, Any], problem: str
) -> None:
    answer = read({**ORDER, **changes})
    assert (answer.verdict, answer.problem) == (Verdict.UNKNOWN, problem)


def test_success_carries_what_was_charged() -> None:
    answer = read(ORDER)
    assert (answer.cost_minor, answer.supplier_no, answer.version) == (1650, "SC1", 3)
    assert answer.trusted


@pytest.mark.parametrize(
    "cards",
    [
        None, [], [*CARDS, *CARDS], [{"number": "", "secret": " "}], [{}], ["6222"],
        [{"number": 5, "secret": "x"}], [{"number": "6", "secret": "x" * 600}],
        [{"number": "6", "secret": "\ufeffx"}], [{"number": "6", "secret": "x\n"}],
    ],
)  # fmt: skip
def test_a_card_order_is_never_delivered_empty(cards: object) -> None:
    assert read({**CARD_ORDER, "cards": cards}, CARD).verdict is Verdict.UNKNOWN


def test_cards_are_read_and_never_printed() -> None:
    answer = read(CARD_ORDER, CARD)
    assert [(c.number, c.secret, c.expires_on) for c in answer.codes] == [
        ("6222", "abc", "2027-12-31")
    ]
    assert "abc" not in repr(answer)
    assert "6222" not in repr(answer)
    assert "13800138000" not in repr(BUY)


def test_a_callback_has_no_cards_to_miss() -> None:
    answer = read({**CARD_ORDER, "cards": []}, CARD, with_goods=False)
    assert (answer.verdict, answer.codes) == (Verdict.SUCCEEDED, ())


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b"\xef\xbb\xbf{}", b'{"a": NaN}', '{"a": "中"}'.encode("gbk"),
     b"[" * 100_000, b'{"a":1'],
)  # fmt: skip
def test_bodies_that_are_not_the_protocols(body: bytes) -> None:
    with pytest.raises(Unreadable):
        reading.parse(body)


@pytest.mark.parametrize("order", [None, [], "x", 1])
def test_no_order_object(order: object) -> None:
    assert read(order).verdict is Verdict.UNKNOWN
