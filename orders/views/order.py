"""The order page, its live fragment, and what a buyer may do there."""

from dataclasses import replace
from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from core import clock
from fulfillment.queries.deliveries import DeliveryView, deliveries_of
from fulfillment.services.reveal import NotRevealable, reveal
from orders.queries.page import OrderRow, order_row
from orders.services.attach_order import NotProven, attach_order
from orders.services.close_order import cancel_order
from orders.services.request_refund import NothingToRefund, request_refund
from orders.services.tell_buyer import order_link
from orders.states import OrderState
from orders.views.proof import Entry, acting, entry_of, fits, is_fresh, owns, remember
from orders.views.showing import MOST_TRIES, order_context
from orders.views.veil import is_veiled
from risk.requests import client_ip

# A buyer who is still on the page sees the code at once; later it takes a press of a button.
FRESH_SECONDS = 30 * 60
MOST_SHOWN_AT_ONCE = 10
UNOPENED = frozenset({OrderState.PENDING_PAYMENT, OrderState.CLOSED, OrderState.LATE_PAID})


class SeeOther(HttpResponseRedirect):
    """After a POST the browser goes on with a GET."""

    status_code = 303


def proven(request: HttpRequest, order_id: str) -> tuple[OrderRow, Entry | None]:
    """The order, if it is this reader's. Raises Http404 alike for a foreign and an absent one."""
    row = order_row(order_id)
    if row is None:
        raise Http404
    entry = entry_of(request, order_id)
    if entry is not None and not fits(entry.token, row.token_hash):
        entry = None
    if owns(request, row.owner) or (entry is not None and entry.opens(row.owner)):
        return row, entry
    raise Http404


@never_cache
@require_GET
def order(request: HttpRequest, order_id: str) -> HttpResponse:
    """One order, as far as it has come. A link's token becomes a cookie and leaves the address."""
    if "t" in request.GET:
        return _enter(request, order_id, request.GET["t"])
    row, entry = proven(request, order_id)
    now = clock.now()
    context = order_context(
        row,
        _goods(request, row, entry, now),
        now=now,
        seen_back="back" in request.GET,
        link=order_link(row.id, entry.token) if entry and not row.owner else "",
        secret=entry.secret
        if entry and is_fresh(entry, row.created_at, now, FRESH_SECONDS)
        else "",
        guest=not row.owner,
    )
    return _private(render(request, "orders/order.html", context))


@never_cache
@require_GET
def status(request: HttpRequest, order_id: str) -> HttpResponse:
    """What has changed since the reader last looked."""
    row, entry = proven(request, order_id)
    now, seen = clock.now(), request.GET.get("seen", "")[:32]
    tries = _tries(request.GET.get("n", ""))
    bare = _opened(row)
    context = order_context(row, bare, now=now, tries=tries, guest=not row.owner)
    if context["version"] != seen:
        goods = _reveal_fresh(request, row, entry, bare, now)
        context = order_context(row, goods, now=now, tries=tries, guest=not row.owner)
    return _private(render(request, "orders/_status.html", {**context, "seen": seen}))


@never_cache
@require_POST
def cancel(request: HttpRequest, order_id: str) -> HttpResponse:
    """The buyer does not want an unpaid order any more."""
    row, _entry = proven(request, order_id)
    canceled = cancel_order(order=row.id, now=clock.now(), acting=acting(request))
    # Whoever clicked twice has what they wanted.
    if not canceled and proven(request, order_id)[0].state != OrderState.CLOSED:
        messages.warning(request, _("It was too late to cancel this order."))
    return SeeOther(reverse("orders:order", args=[row.id]))


@never_cache
@require_POST
def refund(request: HttpRequest, order_id: str) -> HttpResponse:
    """The buyer gives back everything that has not been delivered."""
    row, _entry = proven(request, order_id)
    try:
        request_refund(
            order=row.id, now=clock.now(), acting=acting(request), reason="given back by the buyer"
        )
    except NothingToRefund:
        messages.warning(request, _("There was nothing left that could be given back."))
    return SeeOther(reverse("orders:order", args=[row.id]))


@never_cache
@require_POST
def attach(request: HttpRequest, order_id: str) -> HttpResponse:
    """A signed-in person takes an order they placed as a guest into the account."""
    if not request.user.is_authenticated:
        raise Http404
    entry = entry_of(request, order_id)
    try:
        attach_order(
            order=order_id, user=request.user, now=clock.now(),
            token=entry.token if entry else "", secret=request.POST.get("secret", "")[:64],
        )  # fmt: skip
    except NotProven:
        raise Http404 from None
    messages.success(request, _("The order is in your account now."))
    return SeeOther(reverse("orders:order", args=[order_id]))


def _enter(request: HttpRequest, order_id: str, token: str) -> HttpResponse:
    row = order_row(order_id)
    if row is None or not fits(token, row.token_hash):
        raise Http404
    response = HttpResponseRedirect(reverse("orders:order", args=[order_id]))
    known = entry_of(request, order_id)
    # A link opens the order for whoever holds it, also after its account has signed out here.
    if known is None or known.token != token or not known.opens(row.owner):
        remember(request, response, Entry(order_id, token))
    return _private(response)


def _opened(row: OrderRow) -> list[DeliveryView]:
    return [] if row.state in UNOPENED else deliveries_of(row.id)


def _goods(
    request: HttpRequest, row: OrderRow, entry: Entry | None, now: datetime
) -> list[DeliveryView]:
    return _reveal_fresh(request, row, entry, _opened(row), now)


def _reveal_fresh(
    request: HttpRequest,
    row: OrderRow,
    entry: Entry | None,
    goods: list[DeliveryView],
    now: datetime,
) -> list[DeliveryView]:
    """Codes of goods that have just come, for the browser that bought them. Each look is audited.

    Not where the buyer wants to give them away: what was shown cannot be given.
    """
    if is_veiled(request, row.id):
        return goods
    shown, looks = [], 0
    for delivery in goods:
        fresh = is_fresh(entry, delivery.delivered_at, now, FRESH_SECONDS)
        if not (delivery.can_reveal and fresh) or looks >= MOST_SHOWN_AT_ONCE:
            shown.append(delivery)
            continue
        looks += 1
        try:
            codes = reveal(
                delivery_id=delivery.id, by=acting(request), ip=client_ip(request), now=now
            )
        except NotRevealable:
            shown.append(delivery)
            continue
        shown.append(replace(delivery, codes=codes))
    return shown


def _tries(text: str) -> int:
    return min(int(text) + 1, MOST_TRIES + 1) if text.isascii() and text.isdigit() else 1


def _private(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store, private"
    return response
