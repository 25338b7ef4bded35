"""Codes with outside channels: how many are out, sold and back; reports of sales, and returns."""

from collections import Counter
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts.roles import may
from catalog.admin.base import require
from core import clock
from core.admin.base import ReadOnlyAdmin, actor
from fulfillment.forms import WhyForm
from fulfillment.models import Consignment
from fulfillment.services.pool.report_outside_sales import (
    MOST_ROWS,
    OutsideSale,
    TooManyRows,
    report_outside_sales,
)
from fulfillment.services.pool.take_back_units import take_back_units
from fulfillment.states import ConsignedState
from risk.admin.confirm import confirm

ACT = "codes.consign"
LONGEST_TEXT = 600_000
SHOWN = 100
VERDICTS = {
    "sold": gettext_lazy("booked as sold"),
    "repeated": gettext_lazy("told before"),
    "other_order": gettext_lazy("sold under another order"),
    "returned": gettext_lazy("had come back"),
    "unknown": gettext_lazy("not in this consignment"),
    "malformed": gettext_lazy("number or order is missing"),
}


class SalesForm(forms.Form):
    rows = forms.CharField(
        label=gettext_lazy("Codes and orders"), max_length=LONGEST_TEXT, strip=False,
        widget=UnfoldAdminTextareaWidget,
        help_text=gettext_lazy("One code a line: its number, a comma or tab, the channel's order number."),
    )  # fmt: skip


class ReturnForm(WhyForm):
    numbers = forms.CharField(
        label=gettext_lazy("Numbers"), required=False, max_length=LONGEST_TEXT,
        widget=UnfoldAdminTextareaWidget,
        help_text=gettext_lazy("One a line. Empty: everything that is still out."),
    )  # fmt: skip

    field_order = ["numbers", "why"]


# Act → its form, what it is called, what will happen.
ACTS: dict[str, tuple[type[forms.Form], Any, Any]] = {
    "sold": (
        SalesForm, gettext_lazy("Report sales"),
        gettext_lazy(
            "Each code is delivered to the channel's order and its cost is booked."
            " Telling a row twice changes nothing."
        ),
    ),
    "return": (
        ReturnForm, gettext_lazy("Take codes back"),
        gettext_lazy("They go into quarantine first, because somebody else has had them in a file."),
    ),
}  # fmt: skip


@admin.register(Consignment)
class ConsignmentAdmin(ReadOnlyAdmin):
    """Every file of codes that an outside channel sells from."""

    list_display = ["public_id", "sku", "channel", "out", "sold", "back", "created_at"]
    list_filter = ["channel"]
    list_select_related = ["sku"]
    search_fields = ["=public_id", "sku__code"]
    ordering = ["-id"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        counts = {
            state: Count("units", filter=Q(units__state=state)) for state in ConsignedState.values
        }
        rows: QuerySet[Any] = super().get_queryset(request)
        counted: QuerySet[Any] = rows.annotate(**counts)
        return counted

    @display(description=gettext_lazy("With the channel"))
    def out(self, row: Any) -> int:
        return int(row.out)

    @display(description=gettext_lazy("Sold by the channel"))
    def sold(self, row: Any) -> int:
        return int(row.sold)

    @display(description=gettext_lazy("Come back"))
    def back(self, row: Any) -> int:
        return int(row.returned)

    def get_urls(self) -> list[Any]:
        act = path(
            "<int:pk>/<slug:name>/act/", self.admin_site.admin_view(self.act),
            name="fulfillment_consignment_act",
        )  # fmt: skip
        return [act, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, *_args: Any, **_kwargs: Any
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        if row is None or not self.has_view_permission(request, row):
            raise Http404
        units = row.units.exclude(state=ConsignedState.OUT).select_related("code")
        shown = list(units.order_by("-changed_at", "-pk")[:SHOWN])
        context = {
            **admin.site.each_context(request),
            "title": f"{row.sku.code} · {row.channel}",
            "row": row,
            "units": shown,
            "acts": list(ACTS.items()) if may(request.user, ACT) else [],  # type: ignore[arg-type]
        }
        return TemplateResponse(request, "admin/fulfillment/consignment.html", context)

    def act(self, request: HttpRequest, pk: int, name: str) -> HttpResponse:
        """A page that says what will happen, then the service."""
        if name not in ACTS:
            raise Http404
        require(request, ACT)
        row = get_object_or_404(Consignment, pk=pk)
        form, title, text = ACTS[name]

        def run(data: dict[str, Any]) -> str:
            return _RUN[name](row, data, actor(request))

        return confirm(
            request, title=f"{title}: {row.sku.code} · {row.channel}", text=str(text),
            button=str(title), form=form, run=run,
            back=reverse("admin:fulfillment_consignment_change", args=[row.pk]),
        )  # fmt: skip


def _sales(row: Consignment, data: dict[str, Any], by: str) -> str:
    lines = [line for line in data["rows"].splitlines() if line.strip()]
    pairs = [line.replace("\t", ",").partition(",") for line in lines]
    try:
        verdicts = report_outside_sales(
            consignment_id=row.public_id, by=by, now=clock.now(),
            sales=[OutsideSale(number, order_no) for number, _comma, order_no in pairs],
        )  # fmt: skip
    except TooManyRows as error:
        raise ValidationError(_("At most %(n)d lines at a time.") % {"n": MOST_ROWS}) from error
    counted = Counter(verdicts)
    return " · ".join(f"{words}: {counted[key]}" for key, words in VERDICTS.items() if counted[key])


def _return(row: Consignment, data: dict[str, Any], by: str) -> str:
    numbers = data["numbers"].splitlines() if data["numbers"].strip() else None
    back = take_back_units(
        consignment_id=row.public_id, numbers=numbers, by=by, why=data["why"], now=clock.now()
    )
    if not back:
        raise ValidationError(_("None of these codes is out."))
    return _("%(n)d codes are in quarantine.") % {"n": back}


_RUN = {"sold": _sales, "return": _return}
