"""A merchant's own account: what the shop owes it, what was paid, and the statement to take home."""

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from core import clock
from core.cells import harmless
from core.reconciliation.values import ZONE, day_bounds
from fulfillment.account_file import TYPES, Row, major
from fulfillment.models import ClerkRole, Merchant
from fulfillment.queries.account import Account, TooLong
from fulfillment.queries.merchant_money import (
    merchant_account,
    movements,
    payouts_to,
    standing,
)
from fulfillment.redeeming.stage import in_english
from fulfillment.redemption import ClerkView
from fulfillment.views.redeem import at_till, frame_of
from fulfillment.views.statement import asked_days, file_answer

PER_PAGE = 50
PAYOUTS_SHOWN = 12


@require_GET
@at_till
def account(request: HttpRequest, clerk: ClerkView) -> HttpResponse:
    """For the merchant's own people only; a clerk or store lead is refused."""
    if clerk.role != ClerkRole.MERCHANT:
        raise PermissionDenied
    merchant = Merchant.objects.get(pk=clerk.merchant_pk)
    first, last = asked_days(request, now=clock.now())
    start, end = day_bounds(first)[0], day_bounds(last)[1]
    stands = standing(merchant)
    context: dict[str, Any] = {
        **frame_of(request, clerk), "stands": stands, "first": first, "last": last,
        "payouts": list(payouts_to(merchant)[:PAYOUTS_SHOWN]), "found": None,
        "query": f"from={first.isoformat()}&to={last.isoformat()}",
    }  # fmt: skip
    try:
        found = merchant_account(merchant, start=start, end=end, currency=stands.currency)
    except TooLong:
        return render(request, "fulfillment/redeem/account.html", context)
    wanted = request.GET.get("as", "")
    if wanted in TYPES:
        name = f"{merchant.code}-{first}-{last}"
        return file_answer(_rows(found, stands.currency), wanted, name=name)
    page = Paginator(found.entries[::-1], PER_PAGE).get_page(request.GET.get("page"))
    lines = list(movements(list(page), english=in_english()))
    context |= {"found": found, "page": page, "lines": lines}
    return render(request, "fulfillment/redeem/account.html", context)


def _rows(found: Account, currency: str) -> Iterator[Row]:
    yield (_("Time"), _("Movement"), _("Number"), _("Store"), _("Voucher"), _("Amount"),
           _("Balance"), _("Currency"))  # fmt: skip
    yield "", _("Opening"), "", "", "", "", major(found.opening_minor, currency), currency
    for row in movements(found.entries, english=in_english()):
        yield (
            row.at.astimezone(ZONE).isoformat(timespec="seconds"), harmless(str(row.title)),
            harmless(row.number), harmless(row.store), harmless(row.what),
            major(row.amount_minor, currency), major(row.balance_minor, currency), currency,
        )  # fmt: skip
    yield "", _("Closing"), "", "", "", "", major(found.closing_minor, currency), currency
