"""Coupons for people: the page they are claimed on, one's own, and a strip of those to be had."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from core import clock
from core.models.counts import LimitCount
from core.money import format_minor
from orders.models import Coupon, CouponCampaign, Promotion
from orders.models.coupon_campaign import Claiming
from orders.services.coupons.claim_coupon import (
    ClaimRefused,
    claim_coupon,
    claims_key,
    count_code_try,
    find_campaign,
    keep_code,
)
from orders.services.coupons.grant_coupon import holds_until
from orders.states import CouponState, PromotionState
from orders.views.cart import channel_of
from orders.views.coupon_goods import goods_of
from orders.views.line import english
from orders.views.order import SeeOther
from risk.requests import client_ip
from risk.values import ip_key

PER_PAGE = 24
MOST_IN_STRIP = 12
SOON = timedelta(days=3)
SHOWS = {
    "usable": (CouponState.CLAIMED, CouponState.HELD),
    "used": (CouponState.USED,),
    "over": (CouponState.EXPIRED, CouponState.VOID),
}


@dataclass(frozen=True, slots=True)
class CouponFace:
    """A coupon as it is drawn: what it is worth, from when on, and until when."""

    title: str
    worth: str
    terms: str
    until: datetime | None
    soon: bool = False
    words: str = ""
    url: str = ""
    about: str = ""
    about_url: str = ""


@never_cache
def claim(request: HttpRequest, name: str) -> HttpResponse:
    """The claim page of a campaign; a POST claims. A guest signs in first."""
    campaign = find_campaign(name)
    if campaign is None or campaign.claiming == Claiming.CLOSED:
        raise Http404
    if request.method == "POST":
        return _claim(request, campaign)
    now = clock.now()
    context = {
        "face": face_of(campaign.promotion, holds_until(campaign.promotion, now=now), now),
        "campaign": campaign,
        "asks_word": campaign.claiming == Claiming.CODE,
        "gone": _gone(campaign, now),
        "has": _has(campaign, request),
        "login": f"{reverse('account_login')}?{urlencode({'next': request.path})}",
    }
    return render(request, "orders/coupon_claim.html", context)


def _has(campaign: CouponCampaign, request: HttpRequest) -> bool:
    """Whether the reader has taken as many as one may."""
    if not request.user.is_authenticated:
        return False
    key = f"{claims_key(campaign)}:by:{request.user.public_id}"
    taken = LimitCount.objects.filter(key=key, used__gte=campaign.most_per_person)
    return taken.exists()


def _claim(request: HttpRequest, campaign: CouponCampaign) -> HttpResponse:
    if not request.user.is_authenticated:
        return SeeOther(f"{reverse('account_login')}?{urlencode({'next': request.path})}")
    try:
        claim_coupon(
            campaign=campaign.public_id, owner=request.user.public_id, now=clock.now(),
            word=request.POST.get("word", "")[:64],
        )  # fmt: skip
    except ClaimRefused as no:
        messages.error(request, no.message)
        return SeeOther(request.path)
    messages.success(
        request, _("It is yours. It is used by itself when it makes an order cheaper.")
    )
    return SeeOther(reverse("orders:coupons"))


@never_cache
@login_required
@require_GET
def coupons(request: HttpRequest) -> HttpResponse:
    """The signed-in person's coupons: usable, used, over."""
    show = request.GET.get("show", "usable")
    show = show if show in SHOWS else "usable"
    now, owner = clock.now(), request.user.public_id  # type: ignore[union-attr]
    page: Any = Paginator(_mine(owner, show, now), PER_PAGE).get_page(request.GET.get("page"))
    page.object_list = [_shown(row, now) for row in page.object_list]
    labels = {"usable": _("To use"), "used": _("Used"), "over": _("Over")}
    tabs = [
        {"key": key, "label": labels[key], "url": f"{request.path}?show={key}"} for key in SHOWS
    ]
    context = {"page": page, "show": show, "tabs": tabs, "to_get": _to_get(request, owner, now)}
    return render(request, "orders/coupons.html", context)


def _to_get(request: HttpRequest, owner: str, now: datetime) -> list[CouponFace]:
    """What this person has not claimed yet and may."""
    has = Coupon.objects.filter(owner=owner).values_list("promotion_id", flat=True)
    return claimable(channel_of(request).code, now, but=frozenset(has))


@never_cache
@login_required
@require_POST
def keep(request: HttpRequest) -> HttpResponse:
    """Put a printed code under one's coupons."""
    owner, now = request.user.public_id, clock.now()  # type: ignore[union-attr]
    try:
        count_code_try(owner=owner, ip=ip_key(client_ip(request)), now=now)
        keep_code(code=request.POST.get("code", "")[:64], owner=owner, now=now)
    except ClaimRefused as no:
        messages.error(request, no.message)
    else:
        messages.success(request, _("The coupon is yours now."))
    return SeeOther(reverse("orders:coupons"))


@never_cache
@require_GET
def coupon_strip(request: HttpRequest) -> HttpResponse:
    """Coupons that may be claimed now, as a fragment; 204 when there are none."""
    limit, now = request.GET.get("limit", ""), clock.now()
    most = min(int(limit), MOST_IN_STRIP) if limit.isdecimal() and len(limit) < 4 else 6  # noqa: PLR2004
    faces = claimable(channel_of(request).code, now)[:most]
    if not faces:
        return HttpResponse(status=204)
    return render(request, "orders/_coupon_strip.html", {"faces": faces})


def claimable(
    channel: str, now: datetime, *, but: frozenset[int] = frozenset()
) -> list[CouponFace]:
    """Campaigns that anybody who is signed in may claim from in a channel, the newest first."""
    rows = CouponCampaign.objects.select_related("promotion").filter(
        claiming=Claiming.OPEN, promotion__state=PromotionState.LIVE
    )
    return [
        face_of(
            row.promotion, holds_until(row.promotion, now=now), now,
            url=reverse("orders:claim", args=[row.slug]),
        )
        for row in rows.order_by("-id")[: MOST_IN_STRIP * 2]
        if row.promotion_id not in but
        and not _gone(row, now)
        and channel in (row.promotion.channels or [channel])
    ]  # fmt: skip


def _gone(campaign: CouponCampaign, now: datetime) -> str:
    """Why nothing can be claimed; "" when something can."""
    promotion = campaign.promotion
    ends = holds_until(promotion, now=now)
    if promotion.starts_at is not None and promotion.starts_at > now:
        return _("This has not begun yet.")
    if promotion.state != PromotionState.LIVE or (ends is not None and ends <= now):
        return _("This is over.")
    if campaign.most_claims is None:
        return ""
    taken = LimitCount.objects.filter(key=claims_key(campaign)).values_list("used", flat=True)
    return _("They are all gone.") if (taken.first() or 0) >= campaign.most_claims else ""


def _mine(owner: str, show: str, now: datetime) -> QuerySet[Coupon]:
    rows = Coupon.objects.filter(owner=owner, state__in=SHOWS[show]).select_related("promotion")
    return rows.order_by("valid_until", "-id") if show == "usable" else rows.order_by("-id")


def _shown(row: Coupon, now: datetime) -> CouponFace:
    words = "" if row.state == CouponState.CLAIMED else str(row.get_state_display())
    order = reverse("orders:order", args=[row.order_id]) if row.order_id else ""
    return face_of(row.promotion, row.valid_until, now, words=words, url=order)


def face_of(
    promotion: Promotion, until: datetime | None, now: datetime, *, words: str = "", url: str = ""
) -> CouponFace:
    """A coupon of a promotion in the reader's language."""
    worth, terms = _worth(promotion)
    soon = until is not None and now < until <= now + SOON
    title = (english() and promotion.name_en) or promotion.name
    goods = goods_of(promotion.goods)
    return CouponFace(title, worth, terms, until, soon, words, url, goods.words, goods.url)


def _worth(promotion: Promotion) -> tuple[str, str]:
    """What it takes off in big letters, and the condition in small ones."""
    params, currency = promotion.params, promotion.currency
    if promotion.kind == "amount_off":
        start, off = min(_steps(params))
        return format_minor(off, currency), _from(start, currency)
    if promotion.kind == "percent_off":
        percent = f"{params['off_bp'] / 100:g}%"
        return _("%(percent)s off") % {"percent": percent}, _from(
            params.get("from_minor", 0), currency
        )
    return _("Gift") if promotion.kind == "gift_with" else _("Offer"), ""


def _steps(params: dict[str, Any]) -> Sequence[tuple[int, int]]:
    return [(start, off) for start, off in params["steps"]]


def _from(minor: int, currency: str) -> str:
    return (
        _("from %(sum)s") % {"sum": format_minor(minor, currency)} if minor else _("on any order")
    )
