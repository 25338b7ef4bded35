from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import display

from core.admin.base import ReadOnlyAdmin
from core.money import format_minor
from fulfillment.admin.timeline import changes
from fulfillment.models import Attempt, SupplierEvent

ATTEMPT_LABELS = {
    "prepared": "info", "sent": "warning", "accepted": "info", "succeeded": "success",
    "rejected": "danger", "failed": "danger", "unknown": "warning", "not_sent": "info",
    "reversed": "danger",
}  # fmt: skip


class ReadOnlyInline(TabularInline):
    """Rows of another model, to be read."""

    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class SupplierEventInline(ReadOnlyInline):
    model = SupplierEvent
    fields = [
        "at",
        "source",
        "verdict",
        "trusted",
        "supplier_no",
        "code",
        "problem",
        "cost",
        "status",
    ]
    readonly_fields = fields

    @display(description=_("Charged"))
    def cost(self, event: SupplierEvent) -> str:
        return "" if event.cost_minor is None else format_minor(event.cost_minor)


class AttemptInline(ReadOnlyInline):
    model = Attempt
    fields = ["number", "supplier", "state", "supplier_no", "answer_code", "charged", "sent_at",
              "next_query_at", "query_count", "closed_at"]  # fmt: skip
    readonly_fields = fields
    show_change_link = True

    @display(description=_("Charged"))
    def charged(self, attempt: Attempt) -> str:
        return (
            "" if attempt.cost_minor is None else format_minor(attempt.cost_minor, attempt.currency)
        )


@admin.register(Attempt)
class AttemptAdmin(ReadOnlyAdmin):
    """Each try at a supplier, with everything that was said about it."""

    list_display = ["created_at", "number", "supplier", "state_badge", "supplier_no", "answer_code",
                    "query_count", "next_query_at"]  # fmt: skip
    list_filter = ["state", "supplier"]
    search_fields = ["=number", "=supplier_no", "=public_id", "=delivery__public_id"]
    search_help_text = _("Our number, the supplier's number or the delivery")
    list_select_related = ["supplier"]
    ordering = ["-id"]
    list_per_page = 50
    show_full_result_count = False
    fields = [
        "public_id", "delivery", "supplier", "number", "supplier_sku", "state", "supplier_no",
        "at_most", "charged", "answer_code", "created_at", "sent_at", "next_query_at", "query_count",
        "not_found_count", "closed_at", "timeline",
    ]  # fmt: skip
    readonly_fields = fields
    inlines = [SupplierEventInline]

    @display(description=_("State"), label=ATTEMPT_LABELS)
    def state_badge(self, attempt: Attempt) -> tuple[str, str]:
        return attempt.state, attempt.get_state_display()

    @display(description=_("At most"))
    def at_most(self, attempt: Attempt) -> str:
        return format_minor(attempt.max_cost_minor, attempt.currency)

    @display(description=_("Charged"))
    def charged(self, attempt: Attempt) -> str:
        return (
            "–"
            if attempt.cost_minor is None
            else format_minor(attempt.cost_minor, attempt.currency)
        )

    @display(description=_("History"))
    def timeline(self, attempt: Attempt) -> SafeString | str:
        return changes(attempt.public_id)


@admin.register(SupplierEvent)
class SupplierEventAdmin(ReadOnlyAdmin):
    """What suppliers said, as it was heard. Unverified ones are kept, and had no effect."""

    list_display = [
        "at",
        "supplier",
        "source",
        "verdict",
        "trusted",
        "number",
        "supplier_no",
        "code",
        "problem",
    ]
    list_filter = ["source", "trusted", "verdict", "supplier"]
    search_fields = ["=number", "=supplier_no"]
    list_select_related = ["supplier"]
    ordering = ["-id"]
    list_per_page = 50
    show_full_result_count = False
