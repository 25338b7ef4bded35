"""From the raw bytes of dialect C to an ``Answer``. Pure; what cannot be proved is UNKNOWN."""

import json
import re
from collections.abc import Mapping
from typing import Any

from core.crypto import sha256_hex
from core.foreign import is_text
from core.money import BadMoney, parse_minor
from fulfillment.suppliers.base import Answer, Purchase, SuppliedCode, Verdict
from fulfillment.suppliers.rest_hmac.codes import STATES

#: A card longer than this is not a card; the vault would refuse it too.
CARD_CHARACTERS = 512
_DECIMAL = re.compile(r"\d{1,9}\.\d{2}")


class Unreadable(ValueError):
    """The body is not what the protocol promises. Never leaves this dialect."""


def parse(body: bytes) -> dict[str, Any]:
    """Strict UTF-8 JSON object, no BOM, no NaN; raises ``Unreadable``."""
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise Unreadable("not_json") from error
    if not isinstance(value, dict):
        raise Unreadable("not_an_object")
    return value


def word(value: object, limit: int = 64) -> str:
    """A short text from foreign data; anything else becomes empty."""
    return str(value)[:limit] if is_text(value) else ""


def error_code(data: Mapping[str, Any]) -> str:
    """The ``error.code`` of an answer, empty when it has none."""
    error = data.get("error")
    return word(error.get("code")) if isinstance(error, dict) else ""


def read_order(
    order: object,
    *,
    purchase: Purchase | None,
    body: bytes,
    status: int,
    with_goods: bool = True,
) -> Answer:
    """Read an order object of a verified message. ``purchase`` is what we asked for, if known.

    Callbacks never carry cards (``with_goods=False``).

    An order that differs from the purchase in number, product, quantity or currency, or whose
    cards, cost or delivered units contradict its state, is UNKNOWN and says why.
    """
    digest = sha256_hex(body)
    if not isinstance(order, dict):
        return Answer(
            Verdict.UNKNOWN, problem="no_order", digest=digest, status=status, trusted=True
        )
    state = word(order.get("state"))
    verdict = STATES.get(state, Verdict.UNKNOWN)
    problem = "" if verdict is not Verdict.UNKNOWN else "unlisted_state"
    if purchase is not None and not problem:
        problem = _other_order(order, purchase)
    cost: int | None = None
    codes: tuple[SuppliedCode, ...] = ()
    try:
        cost = _cost(order)
        if verdict is Verdict.SUCCEEDED and not problem and purchase is not None:
            codes = _goods(order, purchase, with_cards=with_goods)
    except Unreadable as error:
        problem = problem or str(error)
    reason = order.get("reason")
    return Answer(
        Verdict.UNKNOWN if problem else verdict,
        supplier_no=word(order.get("id")),
        cost_minor=cost,
        currency=word(order.get("currency"), 3) or "CNY",
        code=(word(reason.get("code")) if isinstance(reason, dict) else "") or state,
        problem=problem,
        digest=digest,
        status=status,
        version=_count(order.get("version")),
        trusted=True,
        codes=codes if not problem else (),
    )


def _other_order(order: Mapping[str, Any], purchase: Purchase) -> str:
    expected = {
        "external_id": purchase.merchant_no,
        "product": purchase.supplier_sku,
        "quantity": purchase.quantity,
        "currency": purchase.currency,
    }
    for name, value in expected.items():
        if order.get(name) != value:
            return f"other_{name}"
    target = order.get("target")
    if purchase.account and (
        not isinstance(target, dict) or target.get("account") != purchase.account
    ):
        return "other_account"
    return ""


def _goods(
    order: Mapping[str, Any], purchase: Purchase, *, with_cards: bool
) -> tuple[SuppliedCode, ...]:
    if order.get("delivered") != purchase.quantity:
        raise Unreadable("delivered_differs")
    if purchase.kind != "card" or not with_cards:
        return ()
    cards = order.get("cards")
    if not isinstance(cards, list) or len(cards) != purchase.quantity:
        raise Unreadable("cards_differ")
    return tuple(_card(card) for card in cards)


def _card(card: object) -> SuppliedCode:
    if not isinstance(card, dict):
        raise Unreadable("bad_card")
    number, secret = card.get("number"), card.get("secret")
    expires = card.get("expires_on") or ""
    texts = (number or "", secret or "", expires)
    if not all(is_text(text) and len(text) <= CARD_CHARACTERS for text in texts):
        raise Unreadable("bad_card")
    if not (texts[0].strip() or texts[1].strip()):
        raise Unreadable("empty_card")
    if not all(text.isprintable() for text in texts):
        # A byte order mark, say: nobody could type what stands there.
        raise Unreadable("bad_card")
    return SuppliedCode(*texts)


def _cost(order: Mapping[str, Any]) -> int | None:
    text = order.get("cost")
    if text is None:
        return None
    if not isinstance(text, str) or not _DECIMAL.fullmatch(text):
        raise Unreadable("bad_cost")
    try:
        return parse_minor(text, word(order.get("currency"), 3))
    except BadMoney as error:
        raise Unreadable("bad_cost") from error


def _count(value: object) -> int:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and 0 <= value < 2**31 else 0  # type: ignore[operator,return-value]


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
