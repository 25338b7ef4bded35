from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextInputWidget

from core import clock
from core.admin.base import Badge, ReadOnlyAdmin, actor
from core.money import format_minor
from fulfillment.admin.timeline import changes
from orders.models import Notice, Payment
from orders.services.two_persons import request_confirmation, request_settlement
from orders.states import PaymentState
from risk.admin.confirm import confirm

PAYMENT_LABELS = {
    "created": "info", "submitted": "info", "succeeded": "success", "failed": "danger",
    "closed": "", "unknown": "warning",
}  # fmt: skip
OUTCOME_LABELS = {
    "pending": "warning", "applied": "success", "ignored": "info", "rejected": "",
    "quarantined": "danger", "settled": "success",
}  # fmt: skip
SHOWN_BYTES = 4000


class ConfirmForm(forms.Form):
    reference = forms.CharField(
        label=_("Provider's or bank's reference"), max_length=48, widget=UnfoldAdminTextInputWidget
    )
    reason = forms.CharField(label=_("Reason"), max_length=200, widget=UnfoldAdminTextInputWidget)


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    """Payments and where they stand at their provider."""

    list_display = ["created_at", "public_id", "order", "provider", "amount", "state_badge", "applied",
                    "not_before"]  # fmt: skip
    list_filter = ["state", "provider", "applied", "created_at"]
    search_fields = ["=public_id", "=number", "=provider_txn", "=order__public_id"]
    list_select_related = ["order"]
    ordering = ["-id"]
    list_per_page = 50
    show_full_result_count = False
    fields = ["public_id", "order", "provider", "number", "provider_txn", "amount", "state_badge",
              "applied", "created_at", "expires_at", "succeeded_at", "not_before", "tries",
              "timeline"]  # fmt: skip
    readonly_fields = fields
    actions_detail = ["confirm_by_hand"]

    @display(description=_("Amount"))
    def amount(self, row: Payment) -> str:
        return format_minor(row.amount_minor, row.currency)

    @display(description=_("State"), label=PAYMENT_LABELS)
    def state_badge(self, row: Payment) -> Badge:
        return Badge(row.state, row.get_state_display())

    @display(description=_("Timeline"))
    def timeline(self, row: Payment) -> SafeString | str:
        return changes(row.public_id)

    @action(description=_("Confirm by hand…"), url_path="confirm")
    def confirm_by_hand(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row = get_object_or_404(Payment, pk=object_id)

        def run(data: dict[str, Any]) -> str:
            if row.state == PaymentState.SUCCEEDED:
                raise ValidationError(gettext("This payment is confirmed already."))
            request_confirmation(
                payment=row.public_id, reference=data["reference"], reason=data["reason"],
                by=actor(request).removeprefix("user:"), now=clock.now(),
            )  # fmt: skip
            return gettext("A second person has to agree.")

        return confirm(
            request, title=row.public_id, button=gettext("Ask for it"), run=run, form=ConfirmForm,
            act="orders.confirm_payment", back=reverse("admin:orders_payment_change", args=[row.pk]),
            text=gettext(
                "The full amount is taken as received, on the same path as a notice, once another "
                "person has agreed. Ask the provider first."
            ),
        )  # fmt: skip


@admin.register(Notice)
class NoticeAdmin(ReadOnlyAdmin):
    """Messages of providers as they came, and what was made of them."""

    list_display = ["received_at", "public_id", "provider", "verdict", "outcome_badge", "payment",
                    "size", "ip"]  # fmt: skip
    list_filter = ["outcome", "verdict", "provider", "received_at"]
    search_fields = ["=public_id", "=payment__public_id", "=payment__number", "=provider_txn"]
    list_select_related = ["payment"]
    ordering = ["-id"]
    list_per_page = 50
    show_full_result_count = False
    fields = ["public_id", "provider", "received_at", "ip", "verified", "verdict", "outcome_badge",
              "payment", "provider_txn", "amount_minor", "processed_at", "size", "headers",
              "raw"]  # fmt: skip
    readonly_fields = fields
    actions_detail = ["settle"]

    @display(description=_("Outcome"), label=OUTCOME_LABELS)
    def outcome_badge(self, row: Notice) -> Badge:
        return Badge(row.outcome, row.get_outcome_display())

    @action(description=_("Settle…"), url_path="settle")
    def settle(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row = get_object_or_404(Notice, pk=object_id)

        def run(data: dict[str, Any]) -> str:
            try:
                request_settlement(
                    notice=row.public_id, reference=data["reference"], reason=data["reason"],
                    by=actor(request).removeprefix("user:"), now=clock.now(),
                )  # fmt: skip
            except Notice.DoesNotExist:
                raise ValidationError(gettext("This is not set aside any more.")) from None
            return gettext("A second person has to agree.")

        return confirm(
            request, title=row.public_id, button=gettext("Ask for it"), run=run, form=ConfirmForm,
            act="orders.settle_notice", back=reverse("admin:orders_notice_change", args=[row.pk]),
            text=gettext(
                "This money pays for nothing here and is not in our books. Send it back in the "
                "provider's own console, or confirm its payment by hand, before you settle it."
            ),
        )  # fmt: skip

    @display(description=_("As it came"))
    def raw(self, row: Notice) -> SafeString:
        text = bytes(row.body)[:SHOWN_BYTES].decode("utf-8", "backslashreplace")
        return format_html('<pre class="whitespace-pre-wrap break-all">{}</pre>', text)
