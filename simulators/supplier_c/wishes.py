"""What a buyer asks for, read strictly from the body of `POST /v1/orders`."""

import re
from collections.abc import Mapping
from typing import Any

from simulators.supply import money
from simulators.supply.supplier import Refusal
from simulators.supply.wish import Wish, fingerprint

_FIELDS = {"external_id", "product", "quantity", "target", "max_cost", "currency", "callback_url"}
MOST_UNITS = 1_000_000
MOST_FIELDS = 8
LONGEST_FIELD = 128


def read(data: Mapping[str, Any]) -> Wish:
    """Raises Refusal 400 for anything the document does not allow."""
    if extra := set(data) - _FIELDS:
        raise _bad(f"unknown field {min(extra)}")
    _matches(data, "external_id", r"[0-9A-Za-z-]{1,64}")
    _matches(data, "product", r"[^\x00-\x1f]{1,64}")
    _matches(data, "currency", r"CNY")
    if data.get("callback_url") is not None:
        _matches(data, "callback_url", r"https?://[^\s]{1,504}")
    quantity = data.get("quantity")
    if type(quantity) is not int or not 1 <= quantity <= MOST_UNITS:
        raise _bad("quantity must be a whole number from 1")
    return Wish(
        external_id=data["external_id"],
        product=data["product"],
        quantity=quantity,
        target=_target(data.get("target")),
        max_cost_minor=_amount(data.get("max_cost")),
        callback_url=data.get("callback_url") or "",
        content=_content(data),
    )


def _matches(data: Mapping[str, Any], name: str, pattern: str) -> None:
    value = data.get(name)
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        raise _bad(f"{name} is missing or malformed")


def _target(value: object) -> dict[str, str] | None:
    if value is None:
        return None
    if not isinstance(value, dict) or not 1 <= len(value) <= MOST_FIELDS:
        raise _bad("target must be an object of 1 to 8 strings")
    if not all(isinstance(text, str) and len(text) <= LONGEST_FIELD for text in value.values()):
        raise _bad("target must be an object of 1 to 8 strings")
    return dict(value)


def _amount(value: object) -> int | None:
    if value is None:
        return None
    try:
        return money.parse(str(value) if isinstance(value, str) else "")
    except ValueError as error:
        raise _bad("max_cost must be a decimal string with two digits") from error


def _content(data: Mapping[str, Any]) -> str:
    return fingerprint({name: data.get(name) for name in _FIELDS - {"callback_url"}})


def _bad(message: str) -> Refusal:
    return Refusal(400, "BAD_REQUEST", message)
