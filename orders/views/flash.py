"""Flash sales: what runs, a sale's page, and the way in while thousands want it."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from catalog.page_cache import Visit
from catalog.pages import render_page
from core import clock, switches
from orders.forms import LONGEST, PlaceForm, inputs_of
from orders.models import FlashSale
from orders.queries.flash import Left, count_units, left, sale_by_slug, sales
from orders.services.find_rules import Buyer
from orders.services.flash.admit_flash import PACE, Place, admit_flash, busy
from orders.services.flash.flash_rule import flash_rule
from orders.services.flash.free_flash import free_flash
from orders.services.flash.take_flash import FlashSoldOut
from orders.services.place_order import SoldOut, Wanted, place_order
from orders.services.quote import Item
from orders.views.cart import buyer_of, channel_of
from orders.views.checkout import ACCEPT, go_and_pay, wanted_of
from orders.views.flash_line import full_line, refusal, wait
from orders.views.flash_showing import is_open, page_context, sales_shown
from orders.views.proof import acting
from orders.views.refusals import REFUSALS, why_not
from risk.values import normal, value_index

# A sale's page changes with every order; a visitor's copy is this old at most.
KEPT = timedelta(seconds=1)
UNPROCESSABLE = 422
MOST_ON_RAIL = 12


@require_safe
def flash_sales(request: HttpRequest) -> HttpResponse:
    """Every sale that runs or will."""
    now = clock.now()
    return _kept(request, "orders/flash_sales.html", {"sales": _shown(request, now)}, now)


@require_safe
def rail(request: HttpRequest) -> HttpResponse:
    """A fragment for pages made of blocks: sales that run now or soon; 204 when there are none."""
    now = clock.now()
    wanted, text = request.GET.get("sale", "")[:60], request.GET.get("limit", "")
    most = min(int(text), MOST_ON_RAIL) if text.isascii() and text.isdigit() else MOST_ON_RAIL
    shown = [one for one in _shown(request, now) if not wanted or one["slug"] == wanted][:most]
    if not shown:
        return HttpResponse(status=204)
    return render(request, "orders/_flash_rail.html", {"sales": shown})


@require_safe
def sale_page(request: HttpRequest, slug: str) -> HttpResponse:
    """One sale: what, for how much, from when to when, what is left, and the order form."""
    now = clock.now()
    context = page_context(_sale(request, slug), channel_of(request), now)
    return _kept(request, "orders/flash.html", context, now, due=context["units"].due)


@never_cache
@require_POST
def order(request: HttpRequest, slug: str) -> HttpResponse:
    """Order one unit. Cheap answers first: not open, nothing left, not your turn yet."""
    now, sale = clock.now(), _sale(request, slug)
    if not is_open(sale, now):
        return redirect("orders:flash_sale", slug=slug)
    units = left(sale.pk, now)
    if units.free == 0:
        return refusal(request, sale, units)
    form = PlaceForm(request.POST, guest=not request.user.is_authenticated)
    if not form.is_valid() or not form.token:
        return _again(request, sale, form, "")
    return _in_turn(request, sale, form, units, now)


def _in_turn(
    request: HttpRequest, sale: FlashSale, form: PlaceForm, units: Left, now: datetime
) -> HttpResponse:
    """Through the line: turned away at its end, told to wait, or let in."""
    ticket = request.POST.get("ticket", "")
    place = admit_flash(sale=sale, form_token=form.token, ticket=ticket, now=now, units=units.free)
    if place is None:
        return full_line(request, sale, units)
    if not place.is_in:
        return wait(request, sale, place, units)
    if not switches.is_on(ACCEPT):
        text = _("The shop takes no new orders at the moment. Nothing was charged.")
        return _again(request, sale, form, text)
    with PACE.turn() as mine:
        if not mine:
            return wait(request, sale, busy(place, now), units)
        if units.overdue:
            free_flash(sale_pk=sale.pk, now=now)
        return _place(request, sale, form, place)


def _place(request: HttpRequest, sale: FlashSale, form: PlaceForm, place: Place) -> HttpResponse:
    wanted: Wanted | None = None
    try:
        item = Item(sale.sku.code, 1, inputs_of(request.POST))
        wanted = _with_price(wanted_of(request, form, [item]), sale)
        placed = place_order(wanted=wanted, now=clock.now(), acting=acting(request))
    except FlashSoldOut:
        return _none_now(request, sale, place)
    except SoldOut:
        return refusal(request, sale, count_units(sale.pk, clock.now()))
    except REFUSALS as no:
        had = _("You have had your share of this sale already.")
        return _again(request, sale, form, why_not(no, form, wanted, had_share=had))
    return go_and_pay(request, placed, from_cart=False)


def _none_now(request: HttpRequest, sale: FlashSale, place: Place) -> HttpResponse:
    """Others had them all at that moment; if one has come back since, it is theirs to try again."""
    now = clock.now()
    units = count_units(sale.pk, now)
    if units.free:
        return wait(request, sale, busy(place, now), units)
    return refusal(request, sale, units)


def _with_price(wanted: Wanted, sale: FlashSale) -> Wanted:
    """The sale's price for this person, under every name they are known by; nothing else applies."""
    contact = value_index(wanted.contact_kind, normal(wanted.contact_kind, wanted.contact))
    known = Buyer(wanted.owner, contact_index=contact).identities
    rule = flash_rule(sale, identities=known)
    return replace(
        wanted, rules=(rule,), promotions=False, codes=(), hold_seconds=sale.hold_seconds
    )


def _again(request: HttpRequest, sale: FlashSale, form: PlaceForm, why: str) -> HttpResponse:
    """The sale's page with what was typed and what was wrong with it."""
    now = clock.now()
    context = page_context(sale, channel_of(request), now, buyer=buyer_of(request))
    context |= {"form": form, "why": why}
    context |= {"typed": {name: str(value)[:LONGEST] for name, value in request.POST.items()}}
    response = render_page(request, "orders/flash.html", context, now=now, shared=False)
    response.status_code = UNPROCESSABLE
    return response


def _kept(
    request: HttpRequest,
    template: str,
    context: dict[str, Any],
    now: datetime,
    due: datetime | None = None,
) -> HttpResponse:
    """A page of a moment, of less when a unit comes free by itself before that."""
    response = render_page(request, template, context, now=now)
    visit: Visit | None = getattr(response, "visit", None)
    if visit is not None:
        until = min(moment for moment in (visit.until, due, now + KEPT) if moment is not None)
        response.visit = replace(visit, until=until)  # type: ignore[attr-defined]
    return response


def _sale(request: HttpRequest, slug: str) -> FlashSale:
    sale = sale_by_slug(slug, channel_of(request))
    if sale is None:
        raise Http404
    return sale


def _shown(request: HttpRequest, now: datetime) -> list[dict[str, Any]]:
    channel = channel_of(request)
    return sales_shown(sales(channel, now), channel, now, get_language() or "")
