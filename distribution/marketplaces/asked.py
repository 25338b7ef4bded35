"""From the data of a call to an order in our words. Pure."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.crypto import blind_index
from core.money import parse_minor
from distribution.marketplaces import words
from distribution.marketplaces.words import MarketRefused
from distribution.models.marketorder import MarketKind

NUMBER = re.compile(r"[0-9A-Za-z-]{1,32}")
MONEY = re.compile(r"[0-9]{1,9}(\.[0-9]{1,2})?")
MOST_UNITS = 100
MOST_TEXT = 120
MOST_FIELDS = 16
#: Fields of the dialect; everything else is the product's own and goes to its inputs.
OWN = frozenset({"orderNo", "goodsId", "num", "priceLimit", "notifyUrl"})


@dataclass(frozen=True, slots=True)
class Asked:
    """An order as a channel places it. `inputs` are the recipient's fields, private."""

    number: str
    kind: str
    goods: str
    quantity: int
    limit_minor: int | None
    inputs: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)

    @property
    def account(self) -> str:
        return self.inputs.get("account", "")


def read_order(kind: MarketKind, data: Mapping[str, Any]) -> Asked:
    """Read the data of `cardOrder` or `directCharge`. Raises MarketRefused."""
    goods, num = data.get("goodsId"), data.get("num")
    if not isinstance(goods, str) or not 0 < len(goods) <= 64:  # noqa: PLR2004  as long as our SKU codes
        raise MarketRefused(words.BAD_REQUEST)
    if isinstance(num, bool) or not isinstance(num, int) or num < 1:
        raise MarketRefused(words.BAD_REQUEST)
    if num > MOST_UNITS:
        raise MarketRefused(words.QUANTITY)
    inputs = _inputs(data)
    if kind is MarketKind.DIRECT and not inputs.get("account"):
        raise MarketRefused(words.BAD_ACCOUNT)
    # The address for results is ours to know, and no part of what is bought.
    asked = {"kind": str(kind), **{k: v for k, v in data.items() if k != "notifyUrl"}}
    content = blind_index("market.order", json.dumps(asked, sort_keys=True, ensure_ascii=False))
    limit = _limit(data.get("priceLimit"))
    return Asked(read_number(data), str(kind), goods, num, limit, inputs, content)


def read_number(data: Mapping[str, Any]) -> str:
    """The channel's own number of an order. Raises MarketRefused."""
    number = data.get("orderNo")
    if not isinstance(number, str) or not NUMBER.fullmatch(number):
        raise MarketRefused(words.BAD_REQUEST)
    return number


def _limit(value: object) -> int | None:
    if value is None:
        return None
    if not isinstance(value, str) or not MONEY.fullmatch(value):
        raise MarketRefused(words.BAD_REQUEST)
    return parse_minor(value)


def _inputs(data: Mapping[str, Any]) -> dict[str, str]:
    found = {name: value for name, value in data.items() if name not in OWN and value is not None}
    if len(found) > MOST_FIELDS:
        raise MarketRefused(words.BAD_REQUEST)
    texts = {str(name): str(value) for name, value in found.items()}
    if any(len(name) > MOST_TEXT or len(text) > MOST_TEXT for name, text in texts.items()):
        raise MarketRefused(words.BAD_ACCOUNT)
    return texts
