"""From a verified order of dialect B to an ``Answer``. Pure; what cannot be proved is UNKNOWN."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from core.foreign import is_text
from core.money import BadMoney, parse_minor
from fulfillment.suppliers.base import Answer, Purchase, SuppliedCode, Verdict
from fulfillment.suppliers.form_md5.codes import STATES
from fulfillment.suppliers.telling import Unreadable, differs, whole_card

_DECIMAL = re.compile(r"\d{1,9}\.\d{2}")


def word(value: object, limit: int = 64) -> str:
    """A short text from foreign data; anything else becomes empty."""
    return str(value)[:limit] if is_text(value) else ""


def amount(value: object) -> int:
    """Yuan with two decimals as fen. Raises ``Unreadable``."""
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
        raise Unreadable("bad_money")
    try:
        return parse_minor(value)
    except BadMoney as error:
        raise Unreadable("bad_money") from error


def read_order(order: object, *, purchase: Purchase, with_cards: bool) -> Answer:
    """Read the order of a verified answer.

    An order that differs from the purchase in number, product, account or quantity, or whose
    price or cards contradict its state, is UNKNOWN and says why.
    """
    if not isinstance(order, dict):
        return Answer(Verdict.UNKNOWN, problem="no_order", trusted=True)
    state = word(order.get("orderStatus"))
    verdict = STATES.get(state, Verdict.UNKNOWN)
    problem = "unlisted_state" if verdict is Verdict.UNKNOWN else other_order(order, purchase)
    cost: int | None = None
    codes: tuple[SuppliedCode, ...] = ()
    try:
        cost = None if order.get("price") is None else amount(order["price"])
        if verdict is Verdict.SUCCEEDED and not problem:
            codes = _goods(order, purchase, cost, with_cards=with_cards)
    except Unreadable as error:
        problem = problem or str(error)
    return Answer(
        Verdict.UNKNOWN if problem else verdict,
        supplier_no=word(order.get("platformNo")),
        cost_minor=cost,
        code=word(order.get("failCode")) or state,
        problem=problem,
        trusted=True,
        codes=() if problem else codes,
    )


def other_order(order: Mapping[str, Any], purchase: Purchase) -> str:
    """In what an order is not the one we asked for; empty when it is."""
    return differs(
        order,
        {
            "orderNo": purchase.merchant_no,
            "goodsId": purchase.supplier_sku,
            "num": purchase.quantity,
            "account": purchase.account,
        },
    )


def _goods(
    order: Mapping[str, Any], purchase: Purchase, cost: int | None, *, with_cards: bool
) -> tuple[SuppliedCode, ...]:
    if not cost:
        raise Unreadable("bad_money")
    if order.get("successNum") != purchase.quantity:
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
    last_day = _last_day(card.get("expireDate"))
    return whole_card(card.get("cardNo"), card.get("cardPass"), last_day)


def _last_day(value: object) -> str:
    if value in (None, ""):
        return ""
    try:
        return datetime.strptime(word(value), "%Y%m%d").date().isoformat()  # noqa: DTZ007  a day
    except ValueError as error:
        raise Unreadable("bad_deadline") from error
