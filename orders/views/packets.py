"""Red packets: a person's own, the page they share, and the notice on the order that gave one."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import User
from accounts.queries import masked_names
from core import clock
from fulfillment.addresses import site
from fulfillment.views.keeping import device_of, name_device
from orders.models import Packet, PacketShare
from orders.models.reward import RewardKind
from orders.queries.packets import packet_by_id, packet_of_order, packets_of, taken_shares
from orders.services.rewards.take_share import Opener, PacketOver, ShareRefused, take_share
from orders.states import PacketState
from orders.views.line import english
from orders.views.order import SeeOther
from orders.views.reward_words import coupon_words, points_words
from risk.requests import client_ip

PER_PAGE = 20


@never_cache
@login_required
@require_GET
def packets(request: HttpRequest) -> HttpResponse:
    """The packets this person got to share, the newest first."""
    user: User = request.user  # type: ignore[assignment]
    rows = packets_of(user.public_id)
    page: Page[Any] = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    shown = [_shown(row) for row in page.object_list]
    return render(request, "orders/packets.html", {"page": page, "packets": shown})


@never_cache
@require_http_methods(["GET", "POST"])
def packet(request: HttpRequest, packet_id: str) -> HttpResponse:
    """The page behind a shared link: open a share by POST, see who opened what."""
    row = packet_by_id(packet_id)
    if row is None:
        raise Http404
    if request.method == "POST":
        return _open(request, row)
    reader = request.user.public_id if request.user.is_authenticated else ""
    taken = taken_shares(row)
    mine = next((share for share in taken if share.owner == reader), None)
    context = {
        "packet": _shown(row, left=row.shares_made - len(taken)),
        "mine": _content(row, mine) if mine else "",
        "own": bool(reader) and reader == row.owner,
        "openers": _openers(row, taken),
        "page_url": reverse("orders:packet", args=[row.public_id]),
    }
    response = render(request, "orders/packet.html", context)
    name_device(request, response)
    return response


@never_cache
@login_required
@require_GET
def of_order(request: HttpRequest, order_id: str) -> HttpResponse:
    """The packet an order of this person gave, for the order's page; nothing yet is no content."""
    user: User = request.user  # type: ignore[assignment]
    own, row = packet_of_order(order_id, user.public_id)
    if not own:
        raise Http404
    if row is None:
        return HttpResponse(status=204)
    return render(request, "orders/_order_packet.html", {"packet": _shown(row)})


def _open(request: HttpRequest, row: Packet) -> HttpResponse:
    back = reverse("orders:packet", args=[row.public_id])
    if not request.user.is_authenticated:
        return redirect(f"{reverse('account_request_login_code')}?next={back}")
    by = Opener(request.user.public_id, ip=client_ip(request), device=device_of(request))
    try:
        take_share(packet=row.public_id, by=by, now=clock.now())
    except PacketOver:
        messages.warning(request, _("Too late: this packet is empty or has ended."))
    except ShareRefused as refused:
        messages.error(request, refused.assessment.message)
    return SeeOther(back)


def _shown(row: Packet, *, left: int | None = None) -> dict[str, Any]:
    points = row.kind == RewardKind.POINTS
    return {
        "id": row.public_id,
        "name": (english() and row.template.name_en) or row.template.name,
        "owner": masked_names([row.owner]).get(row.owner, ""),
        "content": points_words(row.points) if points else coupon_words(row.promotion),
        "shares": row.shares_made,
        "left": left,
        "open": row.state == PacketState.OPEN and clock.now() < row.ends_at,
        "state": row.get_state_display(),
        "ends_at": row.ends_at,
        "at": row.created_at,
        "url": reverse("orders:packet", args=[row.public_id]),
        "link": site(reverse("orders:packet", args=[row.public_id])),
    }


def _content(row: Packet, share: PacketShare) -> str:
    points = row.kind == RewardKind.POINTS
    return points_words(share.points) if points else coupon_words(row.promotion)


def _openers(row: Packet, taken: list[PacketShare]) -> list[dict[str, Any]]:
    names = masked_names([share.owner for share in taken])
    over = row.state != PacketState.OPEN and row.kind == RewardKind.POINTS and len(taken) > 1
    best = max((share.points for share in taken), default=0) if over else 0
    return [
        {
            "name": names.get(share.owner, "*"), "at": share.state_at,
            "content": _content(row, share), "best": bool(best) and share.points == best,
        }
        for share in taken
    ]  # fmt: skip
