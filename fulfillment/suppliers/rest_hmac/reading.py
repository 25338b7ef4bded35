"""From the raw bytes of dialect C to an ``Answer``. Pure; what cannot be proved is UNKNOWN."""

import json
import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from core.foreign import is_text
from core.money import BadMoney, parse_minor
from fulfillment.suppliers.base import Answer, Purchase, SuppliedCode, Verdict
from fulfillment.suppliers.rest_hmac.codes import STATES
from fulfillment.suppliers.telling import Reply, Unreadable, differs, whole_card

_DECIMAL = re.compile(r"\d{1,9}\.\d{2}")


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


def open_reply(body: bytes, *, status: int, good: tuple[int, ...]) -> Reply:
    """A verified answer: an object, or an error under its status. Raises ``Unreadable``."""
    data = parse(body)
    if status in good:
        return Reply(data=data)
    error = data.get("error")
    code = word(error.get("code")) if isinstance(error, dict) else ""
    return Reply(f"{status} {code}".strip())


def read_order(order: object, *, purchase: Purchase | None, with_goods: bool = True) -> Answer:
    """Read an order object of a verified message. ``purchase`` is what we asked for, if known.

    Callbacks never carry cards (``with_goods=False``).

    An order that differs from the purchase in number, product, quantity or currency, or whose
    cards, cost or delivered units contradict its state, is UNKNOWN and says why.
    """
    if not isinstance(order, dict):
        return Answer(Verdict.UNKNOWN, problem="no_order", trusted=True)
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
    if purchase.account:
        target = order.get("target")
        account = target.get("account") if isinstance(target, dict) else None
        order, expected = {**order, "account": account}, {**expected, "account": purchase.account}
    return differs(order, expected)


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
    last_day = card.get("expires_on") or ""
    try:
        last_day = date.fromisoformat(last_day).isoformat() if last_day else ""
    except (TypeError, ValueError) as error:
        raise Unreadable("bad_deadline") from error
    return whole_card(card.get("number"), card.get("secret"), last_day)


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
