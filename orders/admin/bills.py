from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from core.admin.base import ReadOnlyAdmin
from orders.models import Bill


@admin.register(Bill)
class BillAdmin(ReadOnlyAdmin):
    """Providers' statements as downloaded."""

    list_display = ["day", "provider", "entries", "sha256", "fetched_at"]
    list_filter = ["provider", "day"]
    ordering = ["-day", "provider"]
    fields = ["day", "provider", "sha256", "fetched_at", "entries"]
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Bill]:
        bills: QuerySet[Bill] = super().get_queryset(request)
        return bills.defer("body").annotate(entry_count=Count("lines"))

    @display(description=_("Lines"))
    def entries(self, row: Bill) -> int:
        return int(row.entry_count)  # type: ignore[attr-defined]
