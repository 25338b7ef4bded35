"""Reads of carts."""

from collections.abc import Sequence

from catalog import snapshot
from orders.models import CartLine

MOST_LINES = 20


def cart_lines(token: str) -> list[CartLine]:
    """The lines of the cart with that token whose good still exists, in order of adding."""
    if not token:
        return []
    lines = CartLine.objects.filter(cart__token=token).order_by("created_at")[:MOST_LINES]
    known = snapshot.current().skus
    return [line for line in lines if line.sku_id in known]


def codes_of(lines: Sequence[CartLine]) -> dict[int, str]:
    """SKU codes by key, from the catalogue's snapshot."""
    known = snapshot.current().skus
    return {line.sku_id: known[line.sku_id].code for line in lines}


def cart_units(token: str) -> int:
    """Units in a cart, for the badge."""
    return sum(CartLine.objects.filter(cart__token=token).values_list("quantity", flat=True))
