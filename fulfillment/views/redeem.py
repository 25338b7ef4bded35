"""The till: where a clerk scans what a customer shows. On a phone with its camera, on a PC with a scanner."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core import clock
from fulfillment.models import ClerkRole
from fulfillment.queries.clerks import places_of
from fulfillment.queries.till import (
    MINE,
    STORE,
    count_of_day,
    may_see_store,
    scanned,
    totals_of_day,
    uses_of_day,
)
from fulfillment.redeeming.stage import IDLE, in_english, store_name
from fulfillment.redeeming.till import WHY, play
from fulfillment.redemption import ClerkView, RedeemRefused
from fulfillment.services.redeeming.undo_redemption import undo_redemption
from risk.requests import client_ip

# The session remembers where its person stands today.
PLACE = "till_store"
PER_PAGE = 50
SURFACES = {"fulfillment:redeem": "till", "fulfillment:redeem_desk": "desk"}
AtTill = Callable[..., HttpResponse]


def at_till(view: AtTill) -> AtTill:
    """For clerks only: `view(request, clerk, …)`. Others sign in, choose a store, or are told.

    An answer for htmx is never a redirect, which would put a whole page into the stage.
    """

    @never_cache
    @wraps(view)
    def inside(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        user = request.user
        if not user.is_authenticated:
            return _lead(request, redirect_to_login(request.path))
        places = places_of(user.public_id)
        if not places:
            return _no_clerk(request)
        chosen = request.session.get(PLACE)
        clerk = next((place for place in places if place.store == chosen), None)
        if clerk is None and len(places) > 1:
            return _lead(request, redirect("fulfillment:redeem_stores"))
        request.till_places = len(places)  # type: ignore[attr-defined]
        return view(request, clerk or places[0], *args, **kwargs)

    return inside


def _lead(request: HttpRequest, answer: HttpResponseRedirect) -> HttpResponse:
    if not request.headers.get("HX-Request"):
        return answer
    return HttpResponse(status=204, headers={"HX-Redirect": answer.url})


def _no_clerk(request: HttpRequest) -> HttpResponse:
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": reverse("fulfillment:redeem")})
    context = {"clerk": None, "person": str(request.user)}
    return render(request, "fulfillment/redeem/no_clerk.html", context, status=403)


def frame_of(request: HttpRequest, clerk: ClerkView) -> dict[str, Any]:
    """What templates/fulfillment/redeem/frame.html shows."""
    english = in_english()
    shown = {
        "name": clerk.name,
        "store": store_name(clerk),
        "merchant": clerk.merchant_name_en if english else clerk.merchant_name,
        "more": getattr(request, "till_places", 1) > 1,
        "has_account": clerk.role == ClerkRole.MERCHANT,
    }
    return {"clerk": shown}


@require_http_methods(["GET", "HEAD", "POST"])
@at_till
def till(request: HttpRequest, clerk: ClerkView) -> HttpResponse:
    """Both surfaces: a line of the clerk is played, and the next stage is shown."""
    now, match = clock.now(), request.resolver_match
    surface = match.view_name if match else "fulfillment:redeem"
    stage = IDLE
    if request.method == "POST":
        stage = play(request.POST.dict(), clerk=clerk, ip=client_ip(request), now=now)
    context = {"stage": stage, "here": reverse(surface)}
    is_part = bool(request.headers.get("HX-Request"))
    if not is_part or stage.is_counted:
        context["today"] = {"count": count_of_day(clerk, day=timezone.localdate(now))}
    if is_part:
        return render(request, "fulfillment/redeem/_stage.html", {**context, "part": True})
    context |= frame_of(request, clerk)
    answer = render(request, f"fulfillment/redeem/{SURFACES[surface]}.html", context)
    if surface == "fulfillment:redeem":
        answer.headers["Permissions-Policy"] = settings.PERMISSIONS_POLICY_OF_TILL
    return answer


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def stores(request: HttpRequest) -> HttpResponse:
    """Where a person who works at several stores stands now."""
    user = request.user
    if not user.is_authenticated:
        return redirect_to_login(request.path)
    places = places_of(user.public_id)
    if not places:
        return _no_clerk(request)
    if request.method == "POST":
        store = request.POST.get("store", "")
        if all(place.store != store for place in places):
            raise Http404
        request.session[PLACE] = store
        return redirect("fulfillment:redeem")
    english, chosen = in_english(), request.session.get(PLACE)
    listed = [
        {
            "id": place.store,
            "store": place.store_name_en if english else place.store_name,
            "merchant": place.merchant_name_en if english else place.merchant_name,
            "chosen": place.store == chosen,
        }
        for place in places
    ]
    return render(request, "fulfillment/redeem/stores.html", {"clerk": None, "places": listed})


@require_GET
@at_till
def today(request: HttpRequest, clerk: ClerkView) -> HttpResponse:
    """What was redeemed today, in figures and one by one."""
    now = clock.now()
    day = timezone.localdate(now)
    whose = STORE if request.GET.get("whose") == STORE and may_see_store(clerk) else MINE
    rows = uses_of_day(clerk, day=day, whose=whose)
    page: Page[Any] = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    page.object_list = scanned(
        page.object_list, clerk=clerk, language=get_language() or "zh-hans", now=now
    )
    labels = {MINE: _("Mine"), STORE: _("The whole store")}
    keys = (MINE, STORE) if may_see_store(clerk) else (MINE,)
    tabs = [
        {"key": key, "label": labels[key], "url": f"{request.path}?whose={key}"} for key in keys
    ]
    context = {
        "day": day, "page": page, "whose": whose, "tabs": tabs,
        "totals": totals_of_day(clerk, day=day, whose=whose), **frame_of(request, clerk),
    }  # fmt: skip
    return render(request, "fulfillment/redeem/today.html", context)


@require_POST
@at_till
def undo(request: HttpRequest, clerk: ClerkView, redemption: str) -> HttpResponse:
    """Give back what one use took, from the list of the day."""
    reason = WHY.get(request.POST.get("why", ""), WHY["mistake"])
    nonce = request.POST.get("nonce", "")[:64]
    try:
        undo_redemption(
            redemption=redemption, clerk=clerk, nonce=nonce, reason=reason, now=clock.now()
        )
    except RedeemRefused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Given back. The voucher can be used again."))
    whose = STORE if request.POST.get("whose") == STORE else MINE
    return redirect(f"{reverse('fulfillment:redeem_today')}?whose={whose}#{redemption}")
