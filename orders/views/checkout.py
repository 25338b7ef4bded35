"""One page from wanting to paying: what it costs, whom to tell, consent, and the order."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.queries import verified_contacts
from core import clock, switches
from core.ids import new_token
from orders.forms import LONGEST_CODES, ItemForm, PlaceForm
from orders.promotions.values import Rule
from orders.queries.carts import cart_lines, codes_of
from orders.services.limit_reached import BalanceUsedUp
from orders.services.place_order import (
    FormReused,
    LimitReached,
    NotBuyable,
    Placed,
    PriceChanged,
    Refused,
    SoldOut,
    Wanted,
    place_order,
)
from orders.services.placed_before import placed_before
from orders.services.points.points_rule import points_offer, points_rule
from orders.services.quote import Item, Quote
from orders.services.save_cart import empty_cart, items_of
from orders.services.start_payment import pay_address
from orders.views.balance import balance_offer
from orders.views.cart import (
    adjustments_shown,
    buyer_of,
    cart_token,
    channel_of,
    forget_cart,
    product_address,
    quote_for,
    quoted_line,
)
from orders.views.codes import typed_codes, typed_points, unused_codes, within_tries
from orders.views.order import SeeOther
from orders.views.own_coupons import chosen_coupon, coupon_choices
from orders.views.proof import Entry, acting, remember
from orders.views.showing import providers_shown
from orders.views.veil import veil
from risk.requests import client_ip

TERMS_VERSION = "2026-01"
# The kill switch: off, nothing new is sold; what is paid for is still delivered.
ACCEPT = "orders.accept"
UNPROCESSABLE = 422


@never_cache
@require_GET
def checkout(request: HttpRequest) -> HttpResponse:
    """The checkout page for the cart, or for one good named in the address."""
    items, express = _wanted_items(request, request.GET)
    if not items:
        return redirect("orders:cart")
    form = PlaceForm(guest=not request.user.is_authenticated)
    return _page(request, form, items, express)


@never_cache
@require_POST
def place(request: HttpRequest) -> HttpResponse:
    """Make the order and send the buyer to pay; with trouble, the checkout page again."""
    items, express = _wanted_items(request, request.POST)
    form = PlaceForm(request.POST, guest=not request.user.is_authenticated)
    if not items:
        return _sent_again(request, form) or SeeOther(reverse("orders:cart"))
    if "apply" in request.POST:
        return _page(request, _half_filled(request), items, express)
    if not form.is_valid():
        return _page(request, form, items, express, status=UNPROCESSABLE)
    if not switches.is_on(ACCEPT):
        form.add_error(None, _("The shop takes no new orders at the moment. Nothing was charged."))
        return _page(request, form, items, express, status=UNPROCESSABLE)
    try:
        wanted = wanted_of(request, form, items)
        placed = place_order(wanted=wanted, now=clock.now(), acting=acting(request))
    except (NotBuyable, PriceChanged, Refused, LimitReached, SoldOut, FormReused, NoContact) as no:
        return _refused(request, form, items, express, no)
    return go_and_pay(request, placed, from_cart=express is None)


def _sent_again(request: HttpRequest, form: PlaceForm) -> HttpResponse | None:
    """The cart is empty because this very form has made an order of it: to that order."""
    placed = earlier(request, form)
    if placed is None:
        return None
    response = go_and_pay(request, placed, from_cart=True)
    forget_cart(response)
    return response


def earlier(request: HttpRequest, form: PlaceForm) -> Placed | None:
    """The order this form made before, when it is the same buyer who sends it again."""
    user = request.user
    form.is_valid()  # What was sent may have been half of a form; its token is looked for anyway.
    return placed_before(
        form_token=form.token,
        owner=user.public_id if user.is_authenticated else "",
        contact=(form.cleaned_data.get("contact") or ("", ""))[1],
    )


def _half_filled(request: HttpRequest) -> PlaceForm:
    """What was typed so far, before anybody asked whether it is complete."""
    typed = {name: request.POST.get(name, "")[:120] for name in ("contact", "consent")}
    return PlaceForm(initial=typed, guest=not request.user.is_authenticated)


class NoContact(Exception):
    """A signed-in person without any verified contact cannot be told about an order."""


def go_and_pay(request: HttpRequest, placed: Placed, *, from_cart: bool) -> HttpResponse:
    """To the provider with an order just placed; this browser remembers it."""
    now = clock.now()
    if placed.replayed:
        # The first click is on its way to the provider; the page says how far it has come.
        response: HttpResponse = SeeOther(reverse("orders:order", args=[placed.order]))
    else:
        response = SeeOther(pay_address(placed.page, now=now))
    entry = Entry(placed.order, placed.token, int(now.timestamp()), placed.secret)
    remember(request, response, entry)
    if request.POST.get("veil"):
        veil(request, response, placed.order)
    if from_cart and not placed.replayed:
        empty_cart(token=cart_token(request))
        forget_cart(response)
    return response


def wanted_of(request: HttpRequest, form: PlaceForm, items: Sequence[Item]) -> Wanted:
    """What a valid form asks for. Raises NoContact."""
    user = request.user
    data = form.cleaned_data
    if user.is_authenticated:
        contacts = verified_contacts(user)
        if not contacts:
            raise NoContact
        kind, contact = contacts[0].kind, contacts[0].value
    else:
        kind, contact = data["contact"]
    return Wanted(
        channel=channel_of(request),
        items=items,
        contact_kind=kind,
        contact=contact,
        form_token=form.token,
        provider=form.chosen_provider,
        language=get_language() or "zh-hans",
        terms_version=TERMS_VERSION,
        consent=data["consent"],
        ip=client_ip(request),
        secret=data.get("secret", ""),
        shown=data.get("fingerprint", ""),
        shown_unit_minor=data.get("quoted_minor"),
        user_id=user.pk if user.is_authenticated else None,
        owner=user.public_id if user.is_authenticated else "",
        codes=within_tries(request, typed_codes(data.get("code", "")), now=clock.now())[0],
        coupon=chosen_coupon(request),
        level=user.level if user.is_authenticated else 0,
        rules=tuple(_points(request, data.get("points") or 0)),
        balance_minor=(data.get("balance") or 0) if user.is_authenticated else 0,
    )


def _points(request: HttpRequest, asked: int) -> list[Rule]:
    owner = request.user.public_id if request.user.is_authenticated else ""
    return points_rule(owner=owner, asked=asked, now=clock.now())


def _wanted_items(request: HttpRequest, data: Any) -> tuple[list[Item], dict[str, Any] | None]:
    """The good that the request names, else what is in the cart."""
    if "sku" in data:
        form = ItemForm(data)
        if not form.is_valid():
            return [], None
        item = form.item(data)
        # What the page showed inside is not sent again: the quote's fingerprint says it from now on.
        again = {
            "sku": item.sku_code, "quantity": item.quantity, "inputs": item.inputs,
            "picks": item.picks,
        }  # fmt: skip
        return [item], again
    lines = cart_lines(cart_token(request))
    return items_of(lines, codes_of(lines)), None


def _refused(
    request: HttpRequest,
    form: PlaceForm,
    items: Sequence[Item],
    express: dict[str, Any] | None,
    no: Exception,
) -> HttpResponse:
    """Say what stood in the way, on the page where it can be put right. Nothing was placed."""
    changed = ""
    if isinstance(no.__cause__, BalanceUsedUp):
        changed = _("Your balance has changed since you looked. Please check and agree again.")
    elif isinstance(no, PriceChanged):
        changed = _("The price has changed since you looked. Please check it and agree again.")
        form.ask_again()
    elif isinstance(no, SoldOut):
        changed = _("Somebody was faster: there are not enough left. Nothing was charged.")
    elif isinstance(no, NotBuyable):
        for problem in no.quote.problems:
            form.add_error(None, problem.message)
    elif isinstance(no, Refused):
        form.add_error(None, no.assessment.message)
    elif isinstance(no, LimitReached):
        form.add_error(None, no.message)
    elif isinstance(no, NoContact):
        form.add_error(None, _("Please verify a phone or a mail address in your account first."))
    else:
        form.add_error(
            None, _("This page was used before. Please look at it again and order anew.")
        )
    return _page(request, form, items, express, changed=changed, status=UNPROCESSABLE)


def _page(
    request: HttpRequest,
    form: PlaceForm,
    items: Sequence[Item],
    express: dict[str, Any] | None,
    *,
    changed: str = "",
    status: int = 200,
) -> HttpResponse:
    now = clock.now()
    given = request.POST or request.GET
    codes = typed_codes(given.get("code", "")[:LONGEST_CODES])
    codes, tired = within_tries(request, codes, now=now)
    points = typed_points(given.get("points", ""))
    priced = quote_for(
        request, items, now=now, codes=codes, coupon=chosen_coupon(request), points=points
    )
    if not form.is_bound and priced.problems:
        for problem in priced.problems:
            messages.error(request, problem.message)
        if express is None:
            return redirect("orders:cart")
    if express and any(problem.key == "picks" for problem in priced.problems):
        return _choose_again(request, items[0], priced, now)
    if not priced.lines:
        return redirect(f"{reverse('orders:cart')}?{urlencode({'gone': 1})}")
    chosen = form.data.get("provider", "") if form.is_bound else ""
    context = {
        "quote": _quote_shown(priced),
        "code": " ".join(codes),
        "code_notes": [*tired, *unused_codes(codes, priced)],
        "coupons": coupon_choices(request, priced, now=now),
        "points": points_offer(priced, owner=buyer_of(request).user, now=now),
        "balance": balance_offer(
            request, priced.total_minor, priced.currency, wished=bool(given.get("balance"))
        ),
        "form": form,
        "providers": providers_shown(chosen),
        "key": new_token(),
        "changed": changed,
        "express": express,
    }
    response = render(request, "orders/checkout.html", context, status=status)
    response["Cache-Control"] = "no-store, private"
    return response


def _choose_again(request: HttpRequest, item: Item, priced: Quote, now: datetime) -> HttpResponse:
    """Goods inside a bundle are chosen on its own page."""
    if request.method == "POST":
        for problem in priced.problems:
            messages.error(request, problem.message)
    return SeeOther(product_address(item.sku_code, channel_of(request), now))


def _quote_shown(priced: Quote) -> dict[str, Any]:
    return {
        "lines": [
            quoted_line(line, str(place), line.masked) for place, line in enumerate(priced.lines)
        ],
        "adjustments": adjustments_shown(priced),
        "list_total_minor": priced.list_total_minor,
        "total_minor": priced.total_minor,
        "currency": priced.currency,
        "fingerprint": priced.fingerprint,
    }
