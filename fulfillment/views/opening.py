"""Activating what one owns, and links that show a code once."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from core import clock, limits
from fulfillment.models import RevealLink
from fulfillment.queries.looking import hindrance
from fulfillment.queries.showing import shown
from fulfillment.services.wallet.activate import Bearer, NotActivated, activate
from fulfillment.services.wallet.reveal_links import (
    LinkOver,
    NotSent,
    open_reveal_link,
    send_reveal_link,
)
from fulfillment.states import LinkState
from fulfillment.tokens import fits
from fulfillment.views.keeping import carry, device_of, drop, name_device, token_of
from fulfillment.views.wallet import SeeOther, held, language_of
from fulfillment.wallet_forms import ActivationForm, LinkForm
from risk.requests import client_ip
from risk.services.assess import assess
from risk.values import NotAValue, ip_key

TRIES_AN_HOUR = 30
HOUR_SECONDS = 3600


@never_cache
@require_POST
def activate_it(request: HttpRequest, entitlement_id: str) -> HttpResponse:
    """Activate a thing, bound to what its terms say."""
    row, mine = held(request, entitlement_id)
    form, now, ip = ActivationForm(request.POST), clock.now(), client_ip(request)
    response = SeeOther(reverse("fulfillment:entitlement", args=[entitlement_id]))
    device = device_of(request)
    if not device:
        # Without cookies there is no device to bind to: the page gives one, the next press works.
        name_device(request, response)
    often = not limits.hit(
        f"activate:{entitlement_id}", limit=TRIES_AN_HOUR, seconds=HOUR_SECONDS, now=now
    )
    if often or not form.is_valid() or not mine.proof.fresh or not device:
        messages.warning(request, _("That did not work. Please try again in a little while."))
        return response
    data = form.cleaned_data
    bearer = Bearer(mine.proof.by, ip, data["value"], device, data["nonce"] or device)
    try:
        activate(entitlement=entitlement_id, bearer=bearer, moves=row.moves, now=now)
        messages.success(request, _("It is activated."))
    except NotActivated as refused:
        messages.warning(request, refused.why.label)
    except NotAValue as wrong:
        messages.warning(request, str(wrong.args[0]))
    return response


@never_cache
@require_POST
def send_link(request: HttpRequest, entitlement_id: str) -> HttpResponse:
    """Send a link that shows the code once; the message says how to use it."""
    row, mine = held(request, entitlement_id)
    response = SeeOther(reverse("fulfillment:entitlement", args=[entitlement_id]))
    form, ip = LinkForm(request.POST), client_ip(request)
    stop = hindrance(row, device=device_of(request), ip=ip)
    if stop or not mine.proof.fresh:
        messages.warning(request, _("Its code cannot be shown now, so no link was sent."))
        return response
    if not form.is_valid():
        messages.warning(request, str(form.errors["to"][0]))
        return response
    try:
        link = send_reveal_link(
            entitlement=entitlement_id, to=form.cleaned_data["to"].value, by=mine.proof.by,
            moves=row.moves, language=language_of(), now=clock.now(),
        )  # fmt: skip
        words = _("A link to %(who)s is on its way. It shows the code once, within 24 hours.")
        messages.success(request, words % {"who": link.sent_to})
    except NotSent:
        messages.warning(request, _("No link was sent: too many today, or it is not yours now."))
    return response


@never_cache
@require_GET
def code_link(request: HttpRequest, link_id: str) -> HttpResponse:
    """What the link is for. Looking does not use it up: mail scanners look too."""
    if "t" in request.GET:
        response = HttpResponseRedirect(reverse("fulfillment:code_link", args=[link_id]))
        token = request.GET["t"][:64]
        known = RevealLink.objects.filter(public_id=link_id).values_list("token_hash", flat=True)
        if fits("link", token, known.first()):
            carry(request, response, link_id, token)
        return response
    row = _link(request, link_id)
    if row is None or row.state != LinkState.OPEN or row.expires_at <= clock.now():
        return _over(request, row)
    look = shown(row.entitlement.sku_id, language_of())
    context = {"over": False, "look": look, "link_id": link_id, "until": row.expires_at}
    return render(request, "fulfillment/code_link.html", context)


@never_cache
@require_POST
def open_link(request: HttpRequest, link_id: str) -> HttpResponse:
    """Use the link up and show the code, once."""
    ip, now, row = client_ip(request), clock.now(), _link(request, link_id)
    if row is None:
        return _over(request, row)
    key = f"link:open:{ip_key(ip)}"
    allowed = limits.hit(key, limit=TRIES_AN_HOUR, seconds=HOUR_SECONDS, now=now)
    facts: dict[str, object] = {"ip": ip, "units": 1}
    if not allowed or assess(point="reveal", subject=link_id, facts=facts, now=now).stops:
        words = _("Too many codes were shown. Please try again later.")
        return render(request, "fulfillment/code_link.html", {"trouble": words}, status=429)
    try:
        opened = open_reveal_link(link=link_id, token=token_of(request, link_id), ip=ip, now=now)
    except LinkOver:
        return _over(request, row)
    look = shown(opened.entitlement.sku_id, language_of())
    context = {"look": look, "codes": opened.codes, "delivery_id": link_id, "trouble": ""}
    response = render(request, "fulfillment/code_link.html", context)
    drop(request, response, link_id)
    response["Cache-Control"] = "no-store, private"
    return response


def _link(request: HttpRequest, link_id: str) -> RevealLink | None:
    """The link whose token this browser carries."""
    row = RevealLink.objects.select_related("entitlement").filter(public_id=link_id).first()
    if row is None or not fits("link", token_of(request, link_id), row.token_hash):
        return None
    return row


def _over(request: HttpRequest, row: RevealLink | None) -> HttpResponse:
    """Without the right token a link of others and none at all look alike."""
    status = 404 if row is None else 410
    return render(request, "fulfillment/code_link.html", {"over": True}, status=status)
