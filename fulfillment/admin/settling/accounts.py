"""Statements of account of suppliers and merchants, and whose money we hold."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from core import clock
from core.money import format_minor
from core.reconciliation.values import day_bounds
from fulfillment.account_file import TYPES, statement_rows
from fulfillment.models import Merchant, PayeeKind, Supplier
from fulfillment.queries.account import Account, Entry, TooLong, account
from fulfillment.queries.held import held_for_others
from fulfillment.views.statement import asked_days, file_answer

LINES_A_PAGE = 100


def payee_of(kind: str, code: str) -> Supplier | Merchant:
    """Raises Http404."""
    model: type[Supplier | Merchant] = Supplier if kind == PayeeKind.SUPPLIER else Merchant
    found = model.objects.filter(code=code).first() if kind in PayeeKind.values else None
    if found is None:
        raise Http404
    return found


def statement_page(request: HttpRequest, kind: str, code: str) -> HttpResponse:
    """Opening, movements by kind, closing; each movement below; the same as a file."""
    _only_readers(request, kind)
    payee = payee_of(kind, code)
    currency = getattr(payee, "currency", "CNY")
    first, last = asked_days(request, now=clock.now())
    start, end = day_bounds(first)[0], day_bounds(last)[1]
    context = {
        **admin.site.each_context(request),
        "title": _("Statement of account: %(name)s") % {"name": payee.name},
        "first": first, "last": last, "query": f"from={first.isoformat()}&to={last.isoformat()}",
        "supplier": kind == PayeeKind.SUPPLIER,
    }  # fmt: skip
    try:
        found = account(kind, code, start=start, end=end, currency=currency)
    except TooLong:
        context["too_long"] = True
        return TemplateResponse(request, "admin/fulfillment/account.html", context)
    wanted = request.GET.get("as", "")
    if wanted in TYPES:
        name = f"{kind}-{code}-{first}-{last}"
        return file_answer(statement_rows(found, currency), wanted, name=name)
    context |= _figures(found, currency)
    page = Paginator(found.entries[::-1], LINES_A_PAGE).get_page(request.GET.get("page"))
    context |= {"page": page, "lines": [_shown(entry, currency) for entry in page]}
    return TemplateResponse(request, "admin/fulfillment/account.html", context)


def held_page(request: HttpRequest) -> HttpResponse:
    """Whose money we hold, apart from our own."""
    if not request.user.has_perm("fulfillment.view_payout"):
        raise PermissionDenied
    context = {
        **admin.site.each_context(request),
        "title": _("Money of others"),
        "held": held_for_others(),
    }
    return TemplateResponse(request, "admin/fulfillment/held.html", context)


def _only_readers(request: HttpRequest, kind: str) -> None:
    perm = "fulfillment.view_supplier" if kind == PayeeKind.SUPPLIER else "fulfillment.view_payout"
    if not request.user.has_perm(perm) or not request.user.has_perm("core.view_journal"):
        raise PermissionDenied


def _figures(found: Account, currency: str) -> dict[str, Any]:
    return {
        "opening": format_minor(found.opening_minor, currency),
        "closing": format_minor(found.closing_minor, currency),
        "under_way": format_minor(found.under_way_minor, currency) if found.under_way_minor else "",
        "kinds": [(name, n, format_minor(minor, currency)) for name, n, minor in found.kinds],
    }


def _shown(entry: Entry, currency: str) -> dict[str, Any]:
    return {
        "at": entry.at, "title": entry.title, "subject": entry.subject,
        "amount": format_minor(entry.amount_minor, currency),
        "balance": format_minor(entry.balance_minor, currency),
    }  # fmt: skip
