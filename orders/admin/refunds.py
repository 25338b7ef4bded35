from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from core import clock
from core.admin.base import Badge, ReadOnlyAdmin, actor
from core.money import format_minor
from fulfillment.admin.timeline import changes, table
from orders.models import OrderWait, Refund
from orders.services.push_refund import push_refund
from orders.services.retry_refund import retry_refund
from risk.admin.confirm import confirm

REFUND_LABELS = {
    "requested": "info", "approved": "info", "submitted": "info", "processing": "info",
    "succeeded": "success", "failed": "danger", "unknown": "warning", "rejected": "",
}  # fmt: skip
WAIT_LABELS = {"open": "warning", "filled": "success", "expired": "danger", "cancelled": ""}


@admin.register(Refund)
class RefundAdmin(ReadOnlyAdmin):
    """Money on its way back."""

    list_display = ["created_at", "public_id", "order", "kind", "amount", "state_badge", "reason",
                    "last_error"]  # fmt: skip
    list_filter = ["state", "kind", "payment__provider", "created_at"]
    search_fields = ["=public_id", "=number", "=provider_txn", "=order__public_id"]
    list_select_related = ["order"]
    ordering = ["-id"]
    list_per_page = 50
    show_full_result_count = False
    fields = ["public_id", "order", "payment", "kind", "amount", "on_balance", "state_badge", "reason", "by",
              "approval", "number", "provider_txn", "source_account", "created_at", "succeeded_at",
              "not_before", "tries", "last_error", "units", "timeline"]  # fmt: skip
    readonly_fields = fields
    actions_detail = ["push_now", "retry"]

    @display(description=_("Amount"))
    def amount(self, row: Refund) -> str:
        return format_minor(row.amount_minor, row.currency)

    @display(description=_("To the balance"))
    def on_balance(self, row: Refund) -> str:
        return format_minor(row.balance_minor, row.currency)

    @display(description=_("State"), label=REFUND_LABELS)
    def state_badge(self, row: Refund) -> Badge:
        return Badge(row.state, row.get_state_display())

    @display(description=_("Units"))
    def units(self, row: Refund) -> SafeString | str:
        return table(
            (u.line.sku_code, f"#{u.unit}", u.delivery, format_minor(u.amount_minor, row.currency))
            for u in row.lines.select_related("line")
        )

    @display(description=_("Timeline"))
    def timeline(self, row: Refund) -> SafeString | str:
        return changes(row.public_id)

    @action(description=_("Ask the provider now…"), url_path="push")
    def push_now(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row = get_object_or_404(Refund, pk=object_id)

        def run(data: dict[str, Any]) -> str:
            now = clock.now()
            Refund.objects.filter(pk=row.pk, not_before__gt=now).update(not_before=now)
            if not push_refund(now=now, refund=row.public_id):
                raise ValidationError(gettext("It is finished, or somebody is at it."))
            row.refresh_from_db()
            return gettext("It stands at: %(state)s.") % {"state": row.get_state_display()}

        text = gettext(
            "The provider is asked; it is sent again, with its number, only if it never arrived."
        )
        return self._confirm(request, row, "orders.query", gettext("Ask now"), text, run)

    @action(description=pgettext_lazy("refund", "Send again…"), url_path="retry")
    def retry(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row = get_object_or_404(Refund, pk=object_id)

        def run(data: dict[str, Any]) -> str:
            if not retry_refund(refund=row.public_id, now=clock.now(), acting=actor(request)):
                raise ValidationError(
                    gettext("Only a refund that the provider refused is sent again.")
                )
            return gettext("On its way again, under a new number.")

        text = gettext(
            "The provider refused it for good. It is sent once more, under a new number."
        )
        return self._confirm(
            request, row, "orders.retry_refund", pgettext("refund", "Send again"), text, run
        )

    @staticmethod
    def _confirm(
        request: HttpRequest, row: Refund, act: str, button: str, text: str, run: Any
    ) -> HttpResponse:
        back = reverse("admin:orders_refund_change", args=[row.pk])
        return confirm(
            request, title=row.public_id, text=text, button=button, back=back, run=run, act=act
        )


@admin.register(OrderWait)
class OrderWaitAdmin(ReadOnlyAdmin):
    """Paid orders that wait for something, and until when."""

    list_display = ["created_at", "order", "kind", "deadline", "state_badge", "ended_at"]
    list_filter = ["state", "kind"]
    search_fields = ["=order__public_id"]
    list_select_related = ["order"]
    ordering = ["-id"]
    list_per_page = 50
    fields = ["order", "kind", "sku_ids", "deadline", "state_badge", "created_at", "ended_at"]
    readonly_fields = fields

    @display(description=_("State"), label=WAIT_LABELS)
    def state_badge(self, row: OrderWait) -> Badge:
        return Badge(row.state, row.get_state_display())
