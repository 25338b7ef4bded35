"""The wallet: everything a signed-in person owns, and one thing of it."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from core import clock
from fulfillment.models import Entitlement
from fulfillment.queries.deliveries import delivery_view
from fulfillment.queries.wallet import (
    FILTERS,
    entitlements_of,
    happenings,
    number_hint,
    owned,
    wallet_counts,
)

PER_PAGE = 24


def _person(request: HttpRequest) -> str:
    assert request.user.is_authenticated
    return str(request.user.public_id)


@never_cache
@login_required
@require_GET
def wallet(request: HttpRequest) -> HttpResponse:
    """Everything the signed-in person owns."""
    now, show = clock.now(), request.GET.get("show", "usable")
    show = show if show in FILTERS else "usable"
    owner, language = _person(request), get_language() or "zh-hans"
    page: Page[Any] = Paginator(entitlements_of(owner, show=show, now=now), PER_PAGE).get_page(
        request.GET.get("page")
    )
    page.object_list = [owned(row, language=language, now=now) for row in page.object_list]
    counts = wallet_counts(owner, now=now)
    labels = {"usable": _("To use"), "expiring": _("Ending soon"), "used": _("Used and ended"),
              "all": _("All")}  # fmt: skip
    tabs = [
        {
            "key": key,
            "label": labels[key],
            "count": counts[key],
            "url": f"{request.path}?show={key}",
        }
        for key in FILTERS
    ]
    return render(request, "fulfillment/wallet.html", {"page": page, "show": show, "tabs": tabs})


@never_cache
@login_required
@require_GET
def entitlement(request: HttpRequest, entitlement_id: str) -> HttpResponse:
    """One thing the signed-in person owns."""
    row = (
        Entitlement.objects.filter(public_id=entitlement_id, owner=_person(request))
        .select_related("delivery")
        .first()
    )
    if row is None:
        raise Http404
    shown = owned(row, language=get_language() or "zh-hans", now=clock.now())
    context = {
        "w": shown.completed(number_hint(row), reverse("orders:order", args=[row.reference])),
        "delivery": delivery_view(row.delivery.public_id),
        "history": happenings(row),
    }
    return render(request, "fulfillment/entitlement.html", context)
