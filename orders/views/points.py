"""A person's points, and goods that are had for points alone."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.queries import verified_contacts
from catalog.faces import offer_face
from catalog.queries import offer as find_offer
from core import clock, switches
from core.ids import new_token
from orders.models import PointsGood
from orders.queries.points import (
    Movement,
    Movements,
    ending_lots,
    owed_by,
    usable_points,
    waiting_earnings,
)
from orders.services.place_order import (
    FormReused,
    LimitReached,
    NotBuyable,
    PriceChanged,
    Refused,
    SoldOut,
    Wanted,
    place_order,
)
from orders.services.placed_before import placed_before
from orders.services.points.earn_points import rules_at
from orders.services.points.points_rule import exchange_rule, goods_for_points
from orders.services.quote import Item
from orders.services.start_payment import pay_address
from orders.views.cart import channel_of
from orders.views.checkout import ACCEPT, TERMS_VERSION
from orders.views.line import english
from orders.views.order import SeeOther
from orders.views.proof import Entry, acting, remember
from risk.requests import client_ip

PER_PAGE = 20


@never_cache
@login_required
@require_GET
def points(request: HttpRequest) -> HttpResponse:
    """What the signed-in person has, what ends soon, and the reason of every change."""
    user: User = request.user  # type: ignore[assignment]
    now, owner = clock.now(), user.public_id
    moved: Any = Movements(owner)
    page: Page[Any] = Paginator(moved, PER_PAGE).get_page(request.GET.get("page"))
    page.object_list = [_moved(one) for one in page.object_list]
    balance = usable_points(owner, now=now)
    context = {
        "balance": balance,
        "worth_minor": balance * settings.POINTS_MINOR_EACH,
        "currency": channel_of(request).currency,
        "owed": owed_by(owner),
        "ending": ending_lots(owner, now=now),
        "waiting": [
            {"points": number, "due_at": due, "url": reverse("orders:order", args=[order])}
            for number, due, order in waiting_earnings(owner)
        ],
        "page": page,
        "rules": [(english() and rule.name_en) or rule.name for rule in rules_at(now)],
    }
    return render(request, "orders/points.html", context)


@never_cache
@require_GET
def mall(request: HttpRequest) -> HttpResponse:
    """Goods for points alone."""
    now, user = clock.now(), request.user
    balance = usable_points(user.public_id, now=now) if user.is_authenticated else None
    shown = [_good(request, good, balance or 0, now) for good in goods_for_points(now=now)]
    context = {
        "balance": balance,
        "goods": [good for good in shown if good is not None],
        "key": new_token(),
    }
    return render(request, "orders/points_mall.html", context)


@never_cache
@login_required
@require_POST
def exchange(request: HttpRequest, good_id: str) -> HttpResponse:
    """One piece of a good for points: an order like any other, with nothing to pay in money."""
    now = clock.now()
    good = next((one for one in goods_for_points(now=now) if one.public_id == good_id), None)
    if good is None:
        raise Http404
    try:
        placed = place_order(wanted=_wanted(request, good, now), now=now, acting=acting(request))
    except (CannotExchange, NotBuyable, PriceChanged, Refused, LimitReached, SoldOut,
            FormReused) as no:  # fmt: skip
        user: User = request.user  # type: ignore[assignment]
        # The points are gone because this very form has spent them; its answer was lost.
        key = request.POST.get("key", "")[:64]
        if earlier := placed_before(form_token=key, owner=user.public_id, contact=""):
            return SeeOther(reverse("orders:order", args=[earlier.order]))
        messages.error(request, _said(no))
        return SeeOther(reverse("orders:points_mall"))
    if placed.replayed:
        return SeeOther(reverse("orders:order", args=[placed.order]))
    response = SeeOther(pay_address(placed.page, now=now))
    remember(request, response, Entry(placed.order, placed.token, int(now.timestamp()), ""))
    return response


class CannotExchange(Exception):
    """Something is missing; the text is for the person."""


def _said(no: Exception) -> str:
    if isinstance(no, Refused):
        return no.assessment.message
    if isinstance(no, CannotExchange):
        return str(no)
    return _("That cannot be exchanged at the moment. No points were taken.")


def _wanted(request: HttpRequest, good: PointsGood, now: datetime) -> Wanted:
    """An order for one piece that points pay as a whole. Raises CannotExchange."""
    user: User = request.user  # type: ignore[assignment]
    contacts = verified_contacts(user)
    if not contacts:
        raise CannotExchange(_("Please verify a phone or a mail address in your account first."))
    if not request.POST.get("consent"):
        raise CannotExchange(_("Please agree to delivery at once."))
    if not switches.is_on(ACCEPT):
        raise CannotExchange(_("The shop takes no new orders at the moment. Nothing was charged."))
    offer = find_offer(good.sku.code, channel_of(request), now)
    if offer is None or offer.inputs or usable_points(user.public_id, now=now) < good.points:
        raise CannotExchange(_("That cannot be exchanged at the moment. No points were taken."))
    return Wanted(
        channel=channel_of(request),
        items=[Item(good.sku.code, 1)],
        contact_kind=contacts[0].kind,
        contact=contacts[0].value,
        form_token=request.POST.get("key", "")[:64],
        provider="",
        language=get_language() or "zh-hans",
        terms_version=TERMS_VERSION,
        consent=True,
        ip=client_ip(request),
        shown_unit_minor=offer.unit_minor,
        user_id=user.pk,
        owner=user.public_id,
        rules=(exchange_rule(good, good.sku.code, owner=user.public_id),),
        promotions=False,
    )


def _good(
    request: HttpRequest, good: PointsGood, balance: int, now: datetime
) -> dict[str, Any] | None:
    offer = find_offer(good.sku.code, channel_of(request), now)
    if offer is None or not offer.state_ok or offer.inputs or offer.bundle is not None:
        return None
    en = english()
    return {
        "id": good.public_id,
        "face": offer_face(offer, get_language() or ""),
        "title": offer.product_title_en if en else offer.product_title,
        "sku_title": offer.sku_title_en if en else offer.sku_title,
        "points": good.points,
        "enough": balance >= good.points,
        "short": max(0, good.points - balance),
        "out": offer.availability == "out",
    }


def _moved(one: Movement) -> dict[str, Any]:
    is_order = one.subject.startswith("ord_")
    return {
        "at": one.at,
        "words": words_of(one.kind),
        "points": f"{one.points:+d}",
        "url": reverse("orders:order", args=[one.subject]) if is_order else "",
        "note": one.note,
    }


def words_of(kind: str) -> str:
    """Why points moved, for people; `kind` is a journal's."""
    return {
        "points.order": _("Earned with an order"),
        "points.gift": _("Won, or from a code"),
        "points.correction": _("Put right by the shop"),
        "points.held": pgettext("points", "Held for an order"),
        "points.released": _("Given back: the order was not paid"),
        "points.returned": _("Given back with a refund"),
        "points.unearned": _("Taken back: the order was refunded"),
        "points.expired": _("Ended"),
        "points.reward": _("A reward"),
        "points.reward_back": _("Taken back: the reward was not earned"),
    }.get(kind, kind)
