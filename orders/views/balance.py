"""A person's balance: what there is, where each movement came from, and what of it an order may use."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.models import User
from core.money import format_minor
from orders.queries.balance import BalanceMovements, balance_of
from orders.queries.points import Movement
from orders.views.cart import channel_of

PER_PAGE = 20


@never_cache
@login_required
@require_GET
def balance(request: HttpRequest) -> HttpResponse:
    """What the signed-in person has, and the cause of every change."""
    user: User = request.user  # type: ignore[assignment]
    currency = channel_of(request).currency
    moved: Any = BalanceMovements(user.public_id, currency)
    page: Page[Any] = Paginator(moved, PER_PAGE).get_page(request.GET.get("page"))
    page.object_list = [_moved(one, currency) for one in page.object_list]
    context = {
        "balance_minor": balance_of(user.public_id, currency),
        "currency": currency,
        "page": page,
    }
    return render(request, "orders/balance.html", context)


@dataclass(frozen=True, slots=True)
class BalanceOffer:
    """What the checkout says about the buyer's balance; money in minor units.

    `most_minor` is what it can pay of this order, `used_minor` what it does now that they chose
    so, `due_minor` what is left to pay, and `rest_minor` what would be left with all of it.
    """

    balance_minor: int
    most_minor: int
    used_minor: int
    due_minor: int
    rest_minor: int


def balance_offer(
    request: HttpRequest, total_minor: int, currency: str, *, wished: bool
) -> BalanceOffer | None:
    """The offer for an order of that total; None for a guest and where there is nothing to pay."""
    user = request.user
    if not user.is_authenticated or not total_minor:
        return None
    there = balance_of(user.public_id, currency)
    if not there:
        return None
    most = min(there, total_minor)
    used = most if wished else 0
    return BalanceOffer(there, most, used, total_minor - used, total_minor - most)


def _moved(one: Movement, currency: str) -> dict[str, Any]:
    is_order = one.subject.startswith("ord_")
    sign = "+" if one.points > 0 else "−"
    return {
        "at": one.at,
        "words": words_of(one.kind),
        "amount": f"{sign}{format_minor(abs(one.points), currency)}",
        "url": reverse("orders:order", args=[one.subject]) if is_order else "",
        "note": one.note,
    }


def words_of(kind: str) -> str:
    """Why a balance moved, for people; `kind` is a journal's."""
    return {
        "balance.card": _("Gift card redeemed"),
        "balance.held": _("Used for an order"),
        "balance.released": _("Given back: the order was not paid"),
        "balance.returned": _("Given back with a refund"),
        "balance.corrected": _("Put right by the shop"),
    }.get(kind, kind)
