"""A line as templates read it."""

from dataclasses import dataclass

from django.utils.translation import get_language

from catalog.faces import Face


@dataclass(frozen=True, slots=True)
class LineShown:
    """A line of a cart, a quote or an order; money in minor units."""

    id: str
    face: Face
    title: str
    sku_title: str
    url: str
    quantity: int
    recipient: str
    list_minor: int
    unit_minor: int
    amount_minor: int
    state: str = ""
    guide: str = ""
    guide_short: str = ""
    max_quantity: int = 0
    problem: str = ""
    blocking: bool = False
    is_gift: bool = False
    # Of one bundle: what is inside, and how many of it.
    inside: tuple[tuple[str, int], ...] = ()


def english() -> bool:
    return (get_language() or "").startswith("en")
