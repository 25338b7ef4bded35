"""From the raw bytes of dialect A to an ``Answer``. Pure; what cannot be proved is UNKNOWN."""

import json
import re
from collections.abc import Mapping
from datetime import date
from decimal import ROUND_CEILING, Decimal
from typing import Any

from core.crypto import CannotOpen
from core.foreign import is_text
from core.money import LARGEST_MINOR
from fulfillment.suppliers.base import Answer, Purchase, SuppliedCode, Verdict
from fulfillment.suppliers.gateway_md5.codes import STATES
from fulfillment.suppliers.gateway_md5.signing import is_genuine, open_card
from fulfillment.suppliers.telling import CARD_CHARACTERS, Reply, Unreadable, whole_card

_DEADLINE = re.compile(r"(\d{4}-\d{2}-\d{2})( \d{2}:\d{2}:\d{2})?")
#: Goods that are no product of the list: a phone's credit by its face value in yuan.
MOBILE = "mobile:"


def parse(text: str) -> Any:
    """Strict JSON; numbers with a point stay exact, NaN and the like are refused."""
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, RecursionError, ArithmeticError) as error:
        raise Unreadable("not_json") from error


def open_reply(body: bytes, *, secret: str) -> Reply:
    """Read and verify the envelope. Raises ``Unreadable`` with the reason of the doubt.

    The code stands outside the signature, so that a refusal is proved by the line (TLS) alone.
    """
    try:
        data = parse(body.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise Unreadable("not_utf8") from error
    if not isinstance(data, dict):
        raise Unreadable("not_an_object")
    code, result, sign = data.get("code"), data.get("result"), data.get("sign")
    if not is_text(sign) or not sign:
        raise Unreadable("unsigned")
    text = "" if result is None else result
    if not is_text(text) or not is_genuine(text, sign, secret):
        raise Unreadable("bad_signature")
    if not isinstance(code, int) or isinstance(code, bool):
        raise Unreadable("bad_code")
    return Reply(data=parse(text)) if code == 0 else Reply(str(code))


def word(value: object, limit: int = 64) -> str:
    """A short text from foreign data, a whole number as its digits; anything else becomes empty."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return str(value)[:limit] if is_text(value) else ""


def minor(value: object) -> int:
    """Yuan with up to four decimals as fen; a part of a fen counts as a whole one that we owe.

    Raises ``Unreadable``.
    """
    number = Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if isinstance(number, str) and re.fullmatch(r"-?\d{1,12}(\.\d{1,4})?", number):
        number = Decimal(number)
    if not isinstance(number, Decimal) or not number.is_finite():
        raise Unreadable("bad_money")
    if abs(number) * 100 > LARGEST_MINOR:
        raise Unreadable("bad_money")
    return int((number * 100).to_integral_value(rounding=ROUND_CEILING))


def read_order(order: object, *, purchase: Purchase, secret: str, with_cards: bool) -> Answer:
    """Read an order of a verified answer.

    An order that differs from the purchase in number, product, account or quantity, or whose
    price or cards contradict its state, is UNKNOWN and says why.
    """
    if not isinstance(order, dict):
        return Answer(Verdict.UNKNOWN, problem="no_order", trusted=True)
    state = word(order.get("order_state"))
    verdict = STATES.get(state, Verdict.UNKNOWN)
    problem = "unlisted_state" if verdict is Verdict.UNKNOWN else other_order(order, purchase)
    cost: int | None = None
    codes: tuple[SuppliedCode, ...] = ()
    try:
        cost = _cost(order, purchase)
        if verdict is Verdict.SUCCEEDED and not problem:
            codes = _goods(order, purchase, secret=secret, with_cards=with_cards)
    except Unreadable as error:
        problem = problem or str(error)
    return Answer(
        Verdict.UNKNOWN if problem else verdict,
        supplier_no=word(order.get("order_id")),
        cost_minor=cost,
        code=state,
        problem=problem,
        trusted=True,
        codes=() if problem else codes,
    )


def other_order(order: Mapping[str, Any], purchase: Purchase) -> str:
    """In what an order is not the one we asked for; empty when it is."""
    expected = {
        "customer_order_no": purchase.merchant_no,
        "product_id": purchase.supplier_sku,
        "buy_num": str(purchase.quantity),
        "charge_account": purchase.account,
    }
    if purchase.supplier_sku.startswith(MOBILE):
        # Credit is ordered by face value; the number of the good is the supplier's choice.
        del expected["product_id"]
    for name, value in expected.items():
        if word(order.get(name) or "", 128) != value:
            return f"other_{name}"
    return ""


def _cost(order: Mapping[str, Any], purchase: Purchase) -> int | None:
    """The whole order in fen: the price is that of one unit. None when there is none."""
    price = order.get("order_price")
    cost = None if price is None else minor(price) * purchase.quantity
    if cost is not None and cost < 0:
        raise Unreadable("bad_money")
    return cost


def _goods(
    order: Mapping[str, Any], purchase: Purchase, *, secret: str, with_cards: bool
) -> tuple[SuppliedCode, ...]:
    if not _cost(order, purchase):
        raise Unreadable("bad_money")
    done = order.get("success_num", purchase.quantity)
    if done != purchase.quantity or isinstance(done, bool):
        raise Unreadable("delivered_differs")
    if purchase.kind != "card" or not with_cards:
        return ()
    cards = order.get("cards")
    if not isinstance(cards, list) or len(cards) != purchase.quantity:
        raise Unreadable("cards_differ")
    return tuple(_card(card, secret) for card in cards)


def _card(card: object, secret: str) -> SuppliedCode:
    if not isinstance(card, dict):
        raise Unreadable("bad_card")
    number, password = (_opened(card.get(name), secret) for name in ("card_number", "card_pwd"))
    return whole_card(number, password, _last_day(card.get("card_deadline")))


def _opened(sealed: object, secret: str) -> str:
    if sealed in (None, ""):
        return ""
    if not is_text(sealed) or len(str(sealed)) > 4 * CARD_CHARACTERS:
        raise Unreadable("bad_card")
    try:
        text = open_card(str(sealed), secret)
    except CannotOpen as error:
        raise Unreadable("sealed_card") from error
    if not text.isprintable() or len(text) > CARD_CHARACTERS:
        # What a wrong key happens to give; a byte order mark is not printable either.
        raise Unreadable("sealed_card")
    return text


def _last_day(value: object) -> str:
    if value in (None, ""):
        return ""
    match = _DEADLINE.fullmatch(word(value))
    try:
        return date.fromisoformat(match[1]).isoformat() if match else _refuse_day()
    except ValueError:
        return _refuse_day()


def _refuse_day() -> str:
    raise Unreadable("bad_deadline")


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
