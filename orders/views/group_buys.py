"""Group buys: what runs, a campaign's page, a group's page for whoever has its link, and the way in."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from core import clock, switches
from core.ids import new_token
from orders.forms import LONGEST, PlaceForm
from orders.models import BuyGroup, GroupBuy
from orders.queries.group_buys import group_buy_by_slug, group_buys, group_by_id
from orders.services.place_order import Wanted, place_order
from orders.states import BuyGroupState
from orders.views.cart import channel_of
from orders.views.checkout import ACCEPT, go_and_pay
from orders.views.group_cards import buys_shown
from orders.views.group_showing import page_context, sits_in, wanted_seat
from orders.views.proof import acting
from orders.views.refusals import REFUSALS, why_not

UNPROCESSABLE = 422


@never_cache
@require_safe
def running(request: HttpRequest) -> HttpResponse:
    """Every group buy that runs now."""
    now, channel = clock.now(), channel_of(request)
    shown = buys_shown(group_buys(channel, now), channel, now)
    return render(request, "orders/group_buys.html", {"buys": shown})


@never_cache
@require_safe
def campaign(request: HttpRequest, slug: str) -> HttpResponse:
    """One group buy: what, for how much, groups one may join, and a form to open one."""
    return _page(request, _buy(request, slug), None)


@never_cache
@require_POST
def open_one(request: HttpRequest, slug: str) -> HttpResponse:
    """Open a group by ordering its first seat."""
    return _order(request, _buy(request, slug), None)


@never_cache
@require_safe
def group(request: HttpRequest, group_id: str) -> HttpResponse:
    """A group as its link shows it: who sits there, how long it is open, and a form to join."""
    found = _group(request, group_id)
    return _page(request, found.buy, found)


@never_cache
@require_POST
def join(request: HttpRequest, group_id: str) -> HttpResponse:
    """Order a seat in a group."""
    found = _group(request, group_id)
    return _order(request, found.buy, found)


def _order(request: HttpRequest, buy: GroupBuy, into: BuyGroup | None) -> HttpResponse:
    form = PlaceForm(request.POST, guest=not request.user.is_authenticated)
    if not form.is_valid() or not form.token:
        return _page(request, buy, into, form=form)
    if not switches.is_on(ACCEPT):
        text = _("The shop takes no new orders at the moment. Nothing was charged.")
        return _page(request, buy, into, form=form, why=text)
    wanted: Wanted | None = None
    try:
        wanted = wanted_seat(request, form, buy, into, now=clock.now())
        placed = place_order(wanted=wanted, now=clock.now(), acting=acting(request))
    except REFUSALS as no:
        had = _("You have had your share of this group buy already.")
        why = why_not(no, form, wanted, had_share=had)
        return _page(request, buy, into, form=form, why=why)
    return go_and_pay(request, placed, from_cart=False)


def _page(
    request: HttpRequest,
    buy: GroupBuy,
    group: BuyGroup | None,
    *,
    form: PlaceForm | None = None,
    why: str = "",
) -> HttpResponse:
    """The page of a campaign or of one of its groups, with what was wrong with a form."""
    now = clock.now()
    context: dict[str, Any] = page_context(request, buy, group, now)
    context |= {"form": form, "why": why, "form_token": new_token(), "typed": {}}
    if form is not None:
        context["typed"] = {name: str(value)[:LONGEST] for name, value in request.POST.items()}
    status = UNPROCESSABLE if form is not None else 200
    return render(request, "orders/group_buy.html", context, status=status)


def _buy(request: HttpRequest, slug: str) -> GroupBuy:
    found = group_buy_by_slug(slug, channel_of(request))
    if found is None:
        raise Http404
    return found


def _group(request: HttpRequest, group_id: str) -> BuyGroup:
    """A group of which nobody has paid yet is shown to those who sit in it only."""
    found = group_by_id(group_id, channel_of(request))
    if found is None:
        raise Http404
    unpaid = found.state == BuyGroupState.OPEN and found.paid == 0
    if unpaid and not sits_in(request, found):
        raise Http404
    return found
