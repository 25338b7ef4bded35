"""What somebody puts into a cart, changes there, or takes out."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings

from catalog.inputs import clean
from catalog.offers import ChannelView, Offer
from catalog.queries import offer as find_offer
from core import crypto, ids
from core.tx import step
from orders.models import Cart, CartLine
from orders.models.private import cart_inputs_context
from orders.services.quote import MOST_LINES, MOST_UNITS, Item
from orders.services.quote_parts import quote_parts


class CartFull(Exception):
    """A cart holds so many lines and no more."""


class NotSold(Exception):
    """There is no such good in this channel."""


@step()
def add_to_cart(
    *, token: str, channel: ChannelView, user_id: int | None, item: Item, now: datetime
) -> Cart:
    """Put a good for a recipient into the cart of that token, or into a new one.

    The same good for the same recipient adds to its line. Raises NotSold, CartFull,
    catalog.inputs.InputError, catalog.bundles.PickError.
    """
    offer = find_offer(item.sku_code, channel, now)
    if offer is None:
        raise NotSold(item.sku_code)
    values, masked = _checked(offer, item, channel, now)
    picks = sorted(item.picks) if offer.bundle is not None else []
    cart = _cart(token, channel, user_id, now)
    index = None
    if values or picks:
        index = crypto.blind_index("cart.inputs", json.dumps([*sorted(values.items()), *picks]))
    line = cart.lines.filter(sku_id=offer.sku_id, inputs_index=index).first()
    if line is not None:
        line.quantity = min(line.quantity + item.quantity, offer.limits.per_order)
        line.save(update_fields=["quantity"])
        return cart
    if cart.lines.count() >= MOST_LINES:
        raise CartFull
    new = CartLine(
        cart=cart, sku_id=offer.sku_id, quantity=item.quantity, inputs_masked=masked[:120],
        inputs_index=index, picks=picks, created_at=now,
    )  # fmt: skip
    if values:
        text = json.dumps(values, ensure_ascii=False)
        new.inputs_sealed = crypto.seal(text, context=cart_inputs_context(new.pk))
    new.save(force_insert=True)
    return cart


@step()
def change_cart(*, token: str, line: str, quantity: int, now: datetime) -> None:
    """Set the quantity of a line of that cart; 0 takes it out. A foreign line is left alone."""
    lines = CartLine.objects.filter(cart__token=token, pk=line)
    if quantity < 1:
        lines.delete()
    else:
        lines.update(quantity=min(quantity, MOST_UNITS))
    Cart.objects.filter(token=token).update(touched_at=now)


@step()
def empty_cart(*, token: str) -> None:
    """Forget a cart: its goods have been ordered."""
    Cart.objects.filter(token=token).delete()


def forget_carts(*, now: datetime, limit: int = 500) -> int:
    """Delete carts nobody touched for RETAIN_CART_DAYS. Returns how many rows went."""
    before = now - timedelta(days=settings.RETAIN_CART_DAYS)
    old = Cart.objects.filter(touched_at__lt=before).order_by("touched_at").values("pk")[:limit]
    return Cart.objects.filter(pk__in=old).delete()[0]


def items_of(lines: Sequence[CartLine], sku_codes: dict[int, str]) -> list[Item]:
    """The lines of a cart as a quote takes them; recipients are opened for this call only."""
    items = []
    for line in lines:
        values = {}
        if line.inputs_sealed is not None:
            context = cart_inputs_context(line.pk)
            values = json.loads(crypto.unseal(line.inputs_sealed, context=context).reveal())
        items.append(Item(sku_codes[line.sku_id], line.quantity, values, tuple(line.picks)))
    return items


def _checked(
    offer: Offer, item: Item, channel: ChannelView, now: datetime
) -> tuple[dict[str, str], str]:
    """The recipients as they are kept, and masked; of a bundle under the names it asks by."""
    if offer.bundle is None:
        cleaned = clean(offer.inputs, item.inputs)
        return cleaned.values, cleaned.masked
    _parts, masked = quote_parts(
        offer=offer, picks=item.picks, inputs=item.inputs, channel=channel, now=now
    )
    names = {spec.key for spec in offer.inputs}
    return {name: text for name, text in item.inputs.items() if name in names and text}, masked


def _cart(token: str, channel: ChannelView, user_id: int | None, now: datetime) -> Cart:
    cart = Cart.objects.select_for_update().filter(token=token).first() if token else None
    if cart is None:
        return Cart.objects.create(
            token=ids.new_token(), channel_id=channel.id, user_id=user_id, created_at=now,
            touched_at=now,
        )  # fmt: skip
    Cart.objects.filter(pk=cart.pk).update(touched_at=now)
    return cart
