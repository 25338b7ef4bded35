"""The wallet: everything a person owns, and one thing of it with what can be done."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core import clock
from fulfillment.addresses import kept_address
from fulfillment.models import Entitlement
from fulfillment.queries.activation import terms_of
from fulfillment.queries.deliveries import delivery_view
from fulfillment.queries.gifts import gift_view, gifts_of, open_gift_of
from fulfillment.queries.history import happenings
from fulfillment.queries.looking import ACTIVATE, hindrance
from fulfillment.queries.reminders import reminder_choice
from fulfillment.queries.wallet import (
    FILTERS,
    entitlements_of,
    number_hint,
    owned,
    skus_named,
    wallet_counts,
    with_origins,
)
from fulfillment.services.wallet.choose_reminders import choose_reminders
from fulfillment.services.wallet.give import obstacle
from fulfillment.services.wallet.keep_claimed import NotHeld, keep_claimed
from fulfillment.tokens import fits
from fulfillment.views.keeping import (
    Holding,
    carry,
    device_of,
    drop,
    holding,
    name_device,
    token_of,
)
from fulfillment.wallet_forms import ReminderForm
from risk.requests import client_ip

PER_PAGE = 24
LONGEST_SEARCH = 40


class SeeOther(HttpResponseRedirect):
    """After a POST the browser goes on with a GET."""

    status_code = 303


def language_of() -> str:
    """The reader's language, as names of goods are asked for."""
    return get_language() or "zh-hans"


def _person(request: HttpRequest) -> str:
    assert request.user.is_authenticated
    return str(request.user.public_id)


@never_cache
@login_required
@require_GET
def wallet(request: HttpRequest) -> HttpResponse:
    """Everything the signed-in person owns, sorted by what needs attention."""
    now, owner = clock.now(), _person(request)
    show, search = request.GET.get("show", FILTERS[0]), request.GET.get("q", "")[:LONGEST_SEARCH]
    show = show if show in FILTERS else FILTERS[0]
    gifts = gifts_of(owner)
    if search.strip():
        gifts = gifts.filter(entitlement__sku_id__in=skus_named(search))
    rows = gifts if show == "given" else entitlements_of(owner, show=show, now=now, search=search)
    page: Page[Any] = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    view = gift_view if show == "given" else _owned_at(now)
    listed = list(page.object_list)
    page.object_list = [view(row, language=language_of()) for row in listed]
    if show != "given":
        page.object_list = with_origins(listed, page.object_list, language=language_of())
    counts = {**wallet_counts(owner, now=now, search=search), "given": gifts.count()}
    context = {
        "page": page,
        "show": show,
        "search": search,
        "tabs": _tabs(request, counts, search),
        "query": urlencode({"show": show, **({"q": search} if search else {})}),
    }
    return render(request, "fulfillment/wallet.html", context)


def _owned_at(now: Any) -> Any:
    return lambda row, language: owned(row, language=language, now=now)


def _tabs(request: HttpRequest, counts: dict[str, int], search: str) -> list[dict[str, Any]]:
    labels = {
        "usable": _("To use"), "unused": _("Unused"), "active": _("In use"),
        "expiring": _("Ending soon"), "used": _("Used up"), "expired": _("Expired"),
        "given": _("Given away"), "all": _("All"),
    }  # fmt: skip
    more = {"q": search} if search else {}
    return [
        {
            "key": key,
            "label": labels[key],
            "count": counts[key],
            "url": f"{request.path}?{urlencode({'show': key, **more})}",
        }
        for key in FILTERS
    ]


def held(request: HttpRequest, entitlement_id: str) -> tuple[Entitlement, Holding]:
    """A thing and the reader's right to it. Raises Http404 alike for a foreign and an absent one."""
    row = Entitlement.objects.filter(public_id=entitlement_id).select_related("delivery").first()
    found = None if row is None else holding(request, row)
    if row is None or found is None:
        raise Http404
    return row, found


@never_cache
@require_GET
def entitlement(request: HttpRequest, entitlement_id: str) -> HttpResponse:
    """One thing, for whoever holds it. A guest's token becomes a cookie and leaves the address."""
    if "t" in request.GET:
        return _enter(request, entitlement_id, request.GET["t"])
    try:
        row, mine = held(request, entitlement_id)
    except Http404:
        if request.user.is_authenticated:
            raise
        return redirect_to_login(request.get_full_path())
    response = render(request, "fulfillment/entitlement.html", _context(request, row, mine))
    name_device(request, response)
    response["Cache-Control"] = "no-store, private"
    return response


def _enter(request: HttpRequest, entitlement_id: str, token: str) -> HttpResponse:
    row = Entitlement.objects.filter(public_id=entitlement_id).first()
    if row is None or row.owner or not fits("holder", token, row.holder_hash):
        raise Http404
    response = HttpResponseRedirect(reverse("fulfillment:entitlement", args=[entitlement_id]))
    carry(request, response, entitlement_id, token)
    return response


def _context(request: HttpRequest, row: Entitlement, mine: Holding) -> dict[str, Any]:
    now = clock.now()
    stop = hindrance(row, device=device_of(request), ip=client_ip(request))
    (shown,) = with_origins(
        [row], [owned(row, language=language_of(), now=now)], language=language_of()
    )
    gift, against = open_gift_of(row), obstacle(row, now=now)
    order = "" if row.moves else reverse("orders:order", args=[row.reference])
    return {
        "w": shown.completed(number_hint(row), order),
        "delivery": delivery_view(row.delivery.public_id, showable=not stop),
        "stop": stop,
        "terms": terms_of(row),
        "bindings": row.bindings.order_by("number"),
        "can_activate": stop == ACTIVATE or _more_activations(row),
        "gift": gift_view(gift, language=language_of()) if gift else None,
        "can_give": against is None,
        "why_not": against.label if against is not None and shown.alive else "",
        "history": happenings(row),
        "keep_link": kept_address(row.public_id, mine.token) if mine.token else "",
        "guest": not mine.owner,
    }


def _more_activations(row: Entitlement) -> bool:
    terms = terms_of(row)
    return terms.needed and 0 < row.bindings.count() < terms.activations


@never_cache
@require_POST
@login_required
def keep(request: HttpRequest, entitlement_id: str) -> HttpResponse:
    """Put what was accepted as a guest into the signed-in person's wallet."""
    try:
        keep_claimed(
            entitlement=entitlement_id, token=token_of(request, entitlement_id),
            owner=_person(request), by=f"user:{_person(request)}", now=clock.now(),
        )  # fmt: skip
    except NotHeld:
        raise Http404 from None
    messages.success(request, _("It is in your wallet now."))
    response = SeeOther(reverse("fulfillment:entitlement", args=[entitlement_id]))
    drop(request, response, entitlement_id)
    return response


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def reminders(request: HttpRequest) -> HttpResponse:
    """Whether and how one is reminded of what ends."""
    form = ReminderForm(initial=reminder_choice(_person(request)))
    if request.method == "POST":
        form = ReminderForm(request.POST)
        if form.is_valid():
            choose_reminders(owner=_person(request), now=clock.now(), **form.cleaned_data)
            messages.success(request, _("Saved."))
            return SeeOther(reverse("fulfillment:reminders"))
    return render(request, "fulfillment/reminders.html", {"form": form})
