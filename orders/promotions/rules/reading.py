"""Stored parameters, read strictly: an absent or odd value is an error with the field's name."""

from collections.abc import Mapping
from typing import Any

from orders.promotions.rules.base import BadTerms

LARGEST = 10**12
WHOLE_BP = 10_000


def integer(
    params: Mapping[str, Any],
    name: str,
    *,
    least: int = 0,
    most: int = LARGEST,
    default: int | None = None,
) -> int:
    """A whole number within bounds. Raises BadTerms."""
    value = params.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadTerms(name, "not_a_number")
    if not least <= value <= most:
        raise BadTerms(name, "out_of_range")
    return value


def optional(params: Mapping[str, Any], name: str, *, least: int = 0) -> int | None:
    """As `integer`, or None when nothing is said."""
    return None if params.get(name) is None else integer(params, name, least=least)
