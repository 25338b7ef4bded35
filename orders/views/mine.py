"""A signed-in person's orders, and guests' orders that could join them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.models import User
from accounts.queries import verified_contacts
from catalog.faces import Face
from orders.models import Order
from orders.queries.mine import FILTERS, guests_orders, orders_shown, unproven
from orders.states import OrderState
from orders.views.proof import entries, fits

PER_PAGE = 12
TONES = {
    OrderState.DELIVERED.value: "good", OrderState.PENDING_PAYMENT.value: "warn",
    OrderState.FAILED.value: "warn", OrderState.PARTIALLY_DELIVERED.value: "warn",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class OrderShown:
    """One order of templates/orders/mine.html; money in minor units."""

    id: str
    url: str
    title: str
    more: int
    faces: list[Face]
    words: str
    tone: str
    units: int
    total_minor: int
    currency: str
    placed_at: datetime
    to_pay: bool


@never_cache
@login_required
@require_GET
def mine(request: HttpRequest) -> HttpResponse:
    """Everything the signed-in person ordered, newest first."""
    user: User = request.user  # type: ignore[assignment]
    show = request.GET.get("show", FILTERS[0])
    show = show if show in FILTERS else FILTERS[0]
    page: Page[Any] = Paginator(orders_shown(user.pk, show), PER_PAGE).get_page(
        request.GET.get("page")
    )
    page.object_list = [_shown(row) for row in page.object_list]
    labels = {"all": _("All"), "open": _("Under way"), "done": _("Delivered"), "over": _("Over")}
    tabs = [
        {"key": key, "label": labels[key], "url": f"{request.path}?show={key}"} for key in FILTERS
    ]
    context = {"page": page, "show": show, "tabs": tabs, **_joinable(request, user)}
    return render(request, "orders/mine.html", context)


@never_cache
@require_GET
def to_attach(request: HttpRequest) -> HttpResponse:
    """Guests' orders of this person, as a fragment for the wallet; nothing when there are none."""
    context: dict[str, Any] = {"guests": [], "unproven": 0}
    if request.user.is_authenticated:
        context = _joinable(request, request.user)
    return render(request, "orders/_to_attach.html", context)


def _joinable(request: HttpRequest, user: User) -> dict[str, Any]:
    """Orders this browser can prove and which have a contact of the account, and how many more."""
    indexes = [contact.index for contact in verified_contacts(user)]
    tokens = {entry.order: entry.token for entry in entries(request)}
    known = guests_orders(list(tokens), indexes)
    proven = [row for row in known if fits(tokens[row.public_id], row.token_hash)]
    return {
        "guests": [_shown(row) for row in proven],
        "unproven": unproven(indexes, but=[row.pk for row in proven]),
    }


def _shown(row: Order) -> OrderShown:
    lines = sorted(row.lines.all(), key=lambda line: line.position)
    first = lines[0]
    en = (get_language() or "").startswith("en")
    title = (first.product_title_en if en else "") or first.product_title
    return OrderShown(
        id=row.public_id,
        url=reverse("orders:order", args=[row.public_id]),
        title=title,
        more=len(lines) - 1,
        faces=[_face(line.face, en=en) for line in lines[:4]],
        words=str(OrderState(row.state).label),
        tone=TONES.get(row.state, ""),
        units=row.units,
        total_minor=row.total_minor,
        currency=row.currency,
        placed_at=row.created_at,
        to_pay=row.state == OrderState.PENDING_PAYMENT,
    )


def _face(kept: dict[str, Any], *, en: bool) -> Face:
    brand, title, value = kept["en" if en else "zh"]
    return Face(kept["hue"], brand, title, value, kept["kind"])
