"""The cart: what is in it, put in, change."""

import re
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from catalog.bundles import PickError
from catalog.faces import offer_face
from catalog.inputs import InputError
from catalog.offers import ChannelView
from catalog.queries import offer as find_offer
from core import clock, limits
from orders.forms import ItemForm
from orders.models import CartLine
from orders.queries.carts import cart_lines, cart_units, codes_of
from orders.services.coupons.find_coupons import BEST
from orders.services.find_rules import find_rules
from orders.services.price_items import price_items
from orders.services.quote import Buyer, Item, Problem, Quote, QuoteLine, quote
from orders.services.quote_parts import name_of
from orders.services.save_cart import CartFull, NotSold, add_to_cart, change_cart, items_of
from orders.views.line import LineShown, english
from orders.views.order import SeeOther
from orders.views.promotion_lines import hints_shown
from orders.views.showing import reason_label, reason_why
from risk.requests import client_ip
from risk.values import ip_key

COOKIE = "qy_basket"
TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")
COUNT_COOKIE = "qy_cart"
KEPT_SECONDS = 30 * 24 * 3600
ADDS_AN_HOUR = 300


def cart_token(request: HttpRequest) -> str:
    """The token of this browser's cart; whoever holds it holds the cart."""
    token = request.COOKIES.get(COOKIE, "")
    return token if TOKEN.fullmatch(token) else ""


def channel_of(request: HttpRequest) -> ChannelView:
    """The channel the request came by (catalog.middleware)."""
    channel: ChannelView = request.channel  # type: ignore[attr-defined]
    return channel


def buyer_of(request: HttpRequest) -> Buyer:
    """Who asks for prices."""
    user = request.user
    if not user.is_authenticated:
        return Buyer()
    return Buyer(user.public_id, user.level, user_id=user.pk)


def quote_for(
    request: HttpRequest,
    items: Sequence[Item],
    *,
    now: datetime,
    codes: Sequence[str] = (),
    coupon: str = BEST,
    points: int = 0,
) -> Quote:
    """What a cart costs this visitor, with the promotions for them and that many points."""
    return price_items(
        items=items, channel=channel_of(request), buyer=buyer_of(request), codes=codes,
        coupon=coupon, points=points, now=now,
    )  # fmt: skip


@never_cache
@require_GET
def cart(request: HttpRequest) -> HttpResponse:
    """What is in the cart, at today's prices."""
    return _count(render(request, "orders/cart.html", {"cart": cart_context(request)}), request)


@never_cache
@require_POST
def cart_add(request: HttpRequest) -> HttpResponse:
    """Put a good for a recipient into the cart."""
    form, now = ItemForm(request.POST), clock.now()
    back = SeeOther(reverse("orders:cart"))
    allowed = limits.hit(
        f"cart:{ip_key(client_ip(request))}", limit=ADDS_AN_HOUR, seconds=3600, now=now
    )
    if not form.is_valid() or not allowed:
        messages.error(request, _("That could not be put into the cart."))
        return back
    item = form.item(request.POST)
    user_id = request.user.pk if request.user.is_authenticated else None
    try:
        found = add_to_cart(
            token=cart_token(request), channel=channel_of(request), user_id=user_id, item=item,
            now=now,
        )  # fmt: skip
    except InputError as error:
        messages.error(request, error.message)
        return SeeOther(_product_page(request))
    except PickError as error:
        messages.error(request, error.message)
        return SeeOther(product_address(item.sku_code, channel_of(request), now))
    except (NotSold, CartFull):
        messages.error(request, _("That could not be put into the cart."))
        return back
    _set(back, COOKIE, found.token, httponly=True)
    _set(back, COUNT_COOKIE, str(cart_units(found.token)), httponly=False)
    return back


@never_cache
@require_POST
def cart_update(request: HttpRequest) -> HttpResponse:
    """Change a quantity; 0 takes the line out."""
    line, quantity = request.POST.get("line", ""), request.POST.get("quantity", "")
    try:
        key, units = str(uuid.UUID(line)), max(0, min(int(quantity[:6]), 10_000))
    except ValueError:
        return SeeOther(reverse("orders:cart"))
    change_cart(token=cart_token(request), line=key, quantity=units, now=clock.now())
    return SeeOther(reverse("orders:cart"))


def cart_context(request: HttpRequest) -> dict[str, Any]:
    """What orders/cart.html reads."""
    lines = cart_lines(cart_token(request))
    items = items_of(lines, codes_of(lines))
    now, channel, buyer = clock.now(), channel_of(request), buyer_of(request)
    rules = find_rules(channel=channel, buyer=buyer, codes=(), now=now)
    priced = quote(items=items, channel=channel, buyer=buyer, now=now, rules=rules)
    shown = _lines(lines, priced)
    return {
        "lines": shown,
        "count": sum(line.quantity for line in shown),
        "total_minor": priced.total_minor,
        "list_minor": sum(line.amount_minor for line in shown),
        "adjustments": adjustments_shown(priced),
        "hints": hints_shown(priced.lines, rules, channel=channel, buyer=buyer, now=now),
        "currency": priced.currency,
        "blocked": any(line.blocking for line in shown),
    }


def _lines(lines: list[CartLine], priced: Quote) -> list[LineShown]:
    """Quote lines stand in the cart's order; a line that is no longer sold has no quote line."""
    missing = {
        problem.line for problem in priced.problems if problem.key in {"unknown", "quantity"}
    }
    quoted = iter(priced.lines)
    shown = []
    for position, line in enumerate(lines):
        if position in missing:
            continue
        problem = next((p for p in priced.problems if p.line == position), None)
        shown.append(quoted_line(next(quoted), str(line.pk), line.inputs_masked, problem))
    # What is left is given with the others.
    return [*shown, *(quoted_line(line, "", "") for line in quoted)]


def adjustments_shown(priced: Quote) -> list[dict[str, Any]]:
    """What promotions took off the whole, with their names in the reader's language."""
    return [
        {
            "label": reason_label(one.as_json()),
            "why": reason_why(one.as_json(), priced.currency),
            "amount_minor": one.amount_minor,
        }
        for one in priced.adjustments
    ]


def quoted_line(
    line: QuoteLine, key: str, recipient: str, problem: Problem | None = None
) -> LineShown:
    """A priced line in the reader's language."""
    offer, en = line.offer, english()
    return LineShown(
        id=key,
        face=offer_face(offer, get_language() or ""),
        title=offer.product_title_en if en else offer.product_title,
        sku_title=offer.sku_title_en if en else offer.sku_title,
        url=reverse("catalog:product", args=[offer.product_slug]),
        quantity=line.quantity,
        recipient=recipient,
        list_minor=line.list_minor,
        unit_minor=line.unit_minor,
        # Before promotions: these stand below the lines, for all of them. A gift is in no sum.
        amount_minor=0 if line.is_gift else line.unit_minor * line.quantity,
        is_gift=line.is_gift,
        max_quantity=offer.limits.per_order,
        problem=problem.message if problem else "",
        blocking=problem is not None,
        inside=tuple(
            (
                f"{name_of(part.offer)} {part.offer.sku_title_en if en else part.offer.sku_title}",
                part.quantity,
            )
            for part in line.parts
        ),
    )


def product_address(sku_code: str, channel: ChannelView, now: datetime) -> str:
    """The page on which a good is chosen; the cart when it is sold no more."""
    found = find_offer(sku_code, channel, now)
    if found is None:
        return reverse("orders:cart")
    page = reverse("catalog:product", args=[found.product_slug])
    return f"{page}?{urlencode({'sku': found.sku_code})}"


def _product_page(request: HttpRequest) -> str:
    """Back to where the good was chosen, by its code: an address of ours, never the client's."""
    return f"{reverse('orders:checkout')}?sku={request.POST.get('sku', '')[:40]}"


def _count(response: HttpResponse, request: HttpRequest) -> HttpResponse:
    token = cart_token(request)
    if token:
        _set(response, COUNT_COOKIE, str(cart_units(token)), httponly=False)
    return response


def _set(response: HttpResponse, name: str, value: str, *, httponly: bool) -> None:
    response.set_cookie(
        name, value, max_age=KEPT_SECONDS, httponly=httponly, samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )  # fmt: skip


def forget_cart(response: HttpResponse) -> None:
    """The cart has become an order."""
    response.delete_cookie(COOKIE, samesite="Lax")
    response.delete_cookie(COUNT_COOKIE, samesite="Lax")
