"""Giving away: the card, the link, taking back; and the friend's side of it."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core import clock, limits
from fulfillment.addresses import gift_address
from fulfillment.models import Gift
from fulfillment.queries.gifts import gift_view
from fulfillment.queries.wallet import owned
from fulfillment.services.wallet.claim_gift import Gone, NotClaimed, claim_gift, why_gone
from fulfillment.services.wallet.end_gift import take_back_gift
from fulfillment.services.wallet.give import Given, NotGiven, Wish, give, obstacle, renew_gift_link
from fulfillment.services.wallet.send_gift import TooManySent, send_gift
from fulfillment.states import GiftState
from fulfillment.tokens import fits
from fulfillment.views.keeping import Holding, carry, drop, holding, token_of
from fulfillment.views.wallet import SeeOther, held, language_of
from fulfillment.wallet_forms import CARD_NAMES, GiftForm
from risk.requests import client_ip
from risk.values import ip_key

OPENED_AN_HOUR = 120
GONE = 410
HOUR_SECONDS = 3600


@never_cache
@require_http_methods(["GET", "POST"])
def give_away(request: HttpRequest, entitlement_id: str) -> HttpResponse:
    """Write the card and get the link. The link is shown in this answer and never again."""
    row, mine = held(request, entitlement_id)
    now, against = clock.now(), obstacle(row, now=clock.now())
    if not mine.proof.fresh or against is not None:
        if against is not None:
            messages.warning(request, against.label)
        return SeeOther(reverse("fulfillment:entitlement", args=[entitlement_id]))
    form = GiftForm(request.POST or None, initial={"sender": _name(request)})
    if request.method != "POST" or not form.is_valid():
        shown = owned(row, language=language_of(), now=now)
        context = {"w": shown, "form": form, "cards": _cards(form)}
        return render(request, "fulfillment/give.html", context)
    data = form.cleaned_data
    wish = Wish(data["sender"], data["greeting"], data["card"], language_of())
    try:
        given = give(
            entitlement=entitlement_id, giver=mine.owner, by=mine.proof.by, wish=wish,
            moves=row.moves, now=now,
        )  # fmt: skip
    except NotGiven as refused:
        messages.warning(request, refused.why.label)
        return SeeOther(reverse("fulfillment:entitlement", args=[entitlement_id]))
    return _told(request, given, mine, data["to"].value if data["to"] else "")


def _name(request: HttpRequest) -> str:
    user = request.user
    return user.display_name if user.is_authenticated else ""


def _cards(form: GiftForm) -> list[dict[str, Any]]:
    chosen = form["card"].value()
    return [
        {"key": key, "label": label, "chosen": key == chosen} for key, label in CARD_NAMES.items()
    ]


def _told(request: HttpRequest, given: Given, mine: Holding, to: str) -> HttpResponse:
    """The page with the link, after sending it where it was wanted."""
    if to:
        try:
            sent = send_gift(
                given=given, to=to, by=mine.proof.by, ip_key=ip_key(client_ip(request)),
                now=clock.now(),
            )  # fmt: skip
            messages.success(request, _("We have sent the link to %(who)s.") % {"who": sent})
        except TooManySent:
            messages.warning(
                request, _("We cannot send more messages today. Please pass the link on yourself.")
            )
    return _given_page(request, given.gift, gift_address(given.gift.public_id, given.token))


def _given_page(request: HttpRequest, row: Gift, link: str = "") -> HttpResponse:
    context = {"g": gift_view(row, language=language_of()), "link": link}
    response = render(request, "fulfillment/given.html", context)
    response["Cache-Control"] = "no-store, private"
    return response


def _my_gift(request: HttpRequest, gift_id: str) -> tuple[Gift, Holding | None]:
    """A gift of this reader's. Raises Http404 alike for a foreign and an absent one."""
    row = Gift.objects.select_related("entitlement__delivery").filter(public_id=gift_id).first()
    if row is None:
        raise Http404
    user = request.user
    mine = holding(request, row.entitlement)
    if row.giver:
        if user.is_authenticated and user.public_id == row.giver:
            return row, mine
        raise Http404
    # A guest's: as long as the guest holds the thing.
    if mine is None or mine.owner or row.moves != row.entitlement.moves:
        raise Http404
    return row, mine


@never_cache
@require_GET
def given(request: HttpRequest, gift_id: str) -> HttpResponse:
    """What became of a gift, for its giver."""
    row, _mine = _my_gift(request, gift_id)
    return _given_page(request, row)


@never_cache
@require_POST
def renew(request: HttpRequest, gift_id: str) -> HttpResponse:
    """A new link; the old one ends."""
    row, mine = _my_gift(request, gift_id)
    renewed = None
    if mine is not None:
        renewed = renew_gift_link(gift=row.public_id, by=mine.proof.by, now=clock.now())
    if renewed is None:
        messages.warning(request, _("The gift is over; there is no link to it any more."))
        return SeeOther(reverse("fulfillment:given", args=[gift_id]))
    return _given_page(request, renewed.gift, gift_address(renewed.gift.public_id, renewed.token))


@never_cache
@require_POST
def take_back(request: HttpRequest, gift_id: str) -> HttpResponse:
    """The giver takes back what nobody has accepted yet."""
    row, mine = _my_gift(request, gift_id)
    by = mine.proof.by if mine is not None else "guest"
    if mine is not None and take_back_gift(gift=gift_id, by=by, now=clock.now()):
        messages.success(request, _("It is back in your wallet. The link opens nothing any more."))
        return SeeOther(reverse("fulfillment:entitlement", args=[row.entitlement.public_id]))
    messages.warning(request, _("Too late: somebody has accepted it, or it is over."))
    return SeeOther(reverse("fulfillment:given", args=[gift_id]))


@never_cache
@require_GET
def gift(request: HttpRequest, gift_id: str) -> HttpResponse:
    """What a friend sees of a gift. Looking takes nothing: mail scanners look too."""
    if "t" in request.GET:
        return _enter(request, gift_id, request.GET["t"][:64])
    row = Gift.objects.select_related("entitlement").filter(public_id=gift_id).first()
    token = token_of(request, gift_id)
    if row is None or not fits("gift", token, row.token_hash):
        return _gone(request, Gone.NO_SUCH)
    gone = why_gone(row, token, now=clock.now())
    if gone is not None:
        return _gone(request, gone, row)
    user = request.user
    own = user.is_authenticated and user.public_id == row.giver
    return render(
        request, "fulfillment/gift.html", {"g": gift_view(row, language=language_of()), "own": own}
    )


def _enter(request: HttpRequest, gift_id: str, token: str) -> HttpResponse:
    """The link's token becomes a cookie and leaves the address. Guesses are counted."""
    key = f"gift:open:{ip_key(client_ip(request))}"
    if not limits.hit(key, limit=OPENED_AN_HOUR, seconds=HOUR_SECONDS, now=clock.now()):
        return _gone(request, Gone.NO_SUCH, status=429)
    response = HttpResponseRedirect(reverse("fulfillment:gift", args=[gift_id]))
    row = Gift.objects.filter(public_id=gift_id).first()
    if row is not None and fits("gift", token, row.token_hash):
        carry(request, response, gift_id, token)
    return response


def _gone(
    request: HttpRequest, gone: Gone, row: Gift | None = None, status: int = GONE
) -> HttpResponse:
    """Why there is nothing. Without the right token a gift of others and none at all look alike."""
    mine, status = "", 404 if gone is Gone.NO_SUCH and status == GONE else status
    if row is not None and row.state == GiftState.CLAIMED and holding(request, row.entitlement):
        mine = reverse("fulfillment:entitlement", args=[row.entitlement.public_id])
    context = {"words": gone.label, "mine": mine}
    return render(request, "fulfillment/gift_gone.html", context, status=200 if mine else status)


@never_cache
@require_POST
def claim(request: HttpRequest, gift_id: str) -> HttpResponse:
    """Accept a gift: into the account when signed in, else for this browser."""
    user = request.user
    claimer = str(user.public_id) if user.is_authenticated else ""
    try:
        done = claim_gift(
            gift=gift_id, token=token_of(request, gift_id), claimer=claimer,
            by=user.acting if user.is_authenticated else "guest", now=clock.now(),
        )  # fmt: skip
    except NotClaimed as refused:
        row = Gift.objects.select_related("entitlement").filter(public_id=gift_id).first()
        return _gone(request, refused.why, row)
    messages.success(request, _("It is yours now. Enjoy it!"))
    response = SeeOther(reverse("fulfillment:entitlement", args=[done.entitlement.public_id]))
    if done.token:
        carry(request, response, done.entitlement.public_id, done.token)
    else:
        drop(request, response, gift_id)
    return response
