"""Reading stored settings without trusting them: an older form may have written them."""

from collections.abc import Mapping
from typing import Any

from catalog.blocks.forms import is_own_link


def in_language(params: Mapping[str, Any], name: str, language: str) -> str:
    """A text of the settings in the reader's language, the other one when it is missing."""
    own, other = (f"{name}_en", name) if language.startswith("en") else (name, f"{name}_en")
    return str(params.get(own) or params.get(other) or "")


def own_link(params: Mapping[str, Any], name: str = "link") -> str:
    """A link that stays in the shop, or nothing."""
    link = str(params.get(name) or "")
    return link if link and is_own_link(link) else ""


def hue_of(params: Mapping[str, Any], name: str = "hue") -> int | None:
    """A hue that has a class of its own, or None."""
    hue = params.get(name)
    return hue % 360 // 5 * 5 if isinstance(hue, int) else None


def number(params: Mapping[str, Any], name: str, *, usual: int, most: int) -> int:
    """A whole number from 1 to `most`."""
    value = params.get(name)
    return value if isinstance(value, int) and 1 <= value <= most else usual
