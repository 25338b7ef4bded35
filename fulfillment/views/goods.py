"""What shoppers see of their goods, and where suppliers call. Guessing an id finds nothing."""

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from core import clock
from fulfillment.access import Proof, proof_for
from fulfillment.models import Delivery, Entitlement
from fulfillment.queries.deliveries import deliveries_of, delivery_view
from fulfillment.queries.looking import ACTIVATE, ELSEWHERE, GIVEN, hindrance
from fulfillment.services.receive_callback import NoSuchSupplier, receive_callback
from fulfillment.services.reveal import NotRevealable
from fulfillment.services.reveal import reveal as reveal_code
from fulfillment.views.keeping import device_of, holding
from risk.requests import client_ip
from risk.services.assess import assess

CALLBACK_BYTES = 64 * 1024


@never_cache
@require_GET
def deliveries(request: HttpRequest, reference: str) -> HttpResponse:
    """The goods of one reference, for its page to fetch again and again."""
    if proof_for(request, reference) is None:
        raise Http404
    goods = deliveries_of(reference)
    if not goods:
        raise Http404
    return render(
        request, "fulfillment/_deliveries.html", {"deliveries": goods, "reference": reference}
    )


@never_cache
@require_POST
def reveal(request: HttpRequest, delivery_id: str) -> HttpResponse:
    """Show the code of one delivered unit: judged, audited, and never kept by a cache."""
    owned = Entitlement.objects.filter(delivery__public_id=delivery_id).select_related("delivery")
    thing = owned.first()
    mine = None if thing is None else holding(request, thing)
    if thing is None or mine is None:
        raise Http404
    row = thing.delivery
    codes, trouble = [], _trouble(request, row, mine.proof) or _hindered(request, thing)
    if not trouble:
        try:
            codes = reveal_code(
                delivery_id=delivery_id, by=mine.proof.by, ip=client_ip(request), now=clock.now(),
                moves=thing.moves,
            )  # fmt: skip
        except NotRevealable:
            raise Http404 from None
    context: dict[str, Any] = {"codes": codes, "delivery_id": delivery_id, "trouble": trouble}
    status = 429 if trouble else 200
    if request.headers.get("HX-Request"):
        # htmx leaves answers of 4xx unshown: the sentence in it is the answer.
        return render(request, "fulfillment/_reveal.html", context)
    back = _back_url(request, thing)
    context |= {"delivery": delivery_view(delivery_id, showable=True), "back_url": back}
    return render(request, "fulfillment/reveal.html", context, status=status)


def _trouble(request: HttpRequest, row: Delivery, proof: Proof) -> str:
    if not proof.fresh:
        return _("Please find your order again before looking at its codes.")
    facts: dict[str, object] = {"ip": client_ip(request), "channel": row.channel, "units": 1}
    if proof.by.startswith("user:"):
        facts["user"] = proof.by.removeprefix("user:")
    found = assess(point="reveal", subject=row.public_id, facts=facts, now=clock.now())
    return _("Too many codes were shown. Please try again later.") if found.stops else ""


def _hindered(request: HttpRequest, thing: Entitlement) -> str:
    words = {
        ACTIVATE: _("It has to be activated first; its page in the wallet does that."),
        ELSEWHERE: _("It is bound to another device or address and is shown there only."),
        GIVEN: _("It is on its way to a friend, so nobody can see its code."),
    }
    return words.get(hindrance(thing, device=device_of(request), ip=client_ip(request)), "")


def _back_url(request: HttpRequest, thing: Entitlement) -> str:
    came_from = request.headers.get("Referer", "")
    if url_has_allowed_host_and_scheme(came_from, {request.get_host()}, request.is_secure()):
        return came_from
    return reverse("fulfillment:entitlement", args=[thing.public_id])


@csrf_exempt
@never_cache
@require_POST
def supplier_callback(request: HttpRequest, code: str) -> HttpResponse:
    """A supplier tells us something. Its signature is the only key; the answer is the dialect's."""
    try:
        body = request.body
        if len(body) > CALLBACK_BYTES:
            return HttpResponse(status=413)
        answer = receive_callback(
            supplier_code=code, headers=request.headers, body=body, now=clock.now()
        )
    except RequestDataTooBig:
        return HttpResponse(status=413)
    except NoSuchSupplier:
        raise Http404 from None
    return HttpResponse(answer.body, status=answer.status, content_type=answer.content_type)
