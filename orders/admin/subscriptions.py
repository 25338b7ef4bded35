from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from core import audit, clock
from core.admin.base import Badge, ReadOnlyAdmin, actor
from core.money import format_minor
from fulfillment.admin.timeline import changes, table
from orders.models import Subscription, SubscriptionCharge
from orders.services.subscriptions.cancel_subscription import cancel_subscription
from orders.subscriptions.terms import read_phases
from orders.views.phase_words import length_words
from orders.wiring.subscription import CANCEL
from risk.admin.confirm import confirm

LABELS = {
    "pending": "", "active": "success", "past_due": "danger", "paused": "warning",
    "cancelling": "warning", "ended": "",
}  # fmt: skip


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnlyAdmin):
    """Who subscribes to what, what was charged, and what comes next."""

    list_display = ["created_at", "public_id", "title", "user", "state_badge", "current_end"]
    list_filter = ["state", "plan"]
    search_fields = ["=public_id", "=owner", "=mandate__number", "title"]
    list_select_related = ["user"]
    ordering = ["-id"]
    list_per_page = 50
    show_full_result_count = False
    fields = ["public_id", "title", "user", "state_badge", "sku_code", "inputs_masked", "terms",
              "current_start", "current_end", "mandate_text", "replaces", "credit", "ended_why",
              "periods_text", "charges_text", "timeline"]  # fmt: skip
    readonly_fields = fields
    actions_detail = ["cancel_now"]

    @display(description=_("State"), label=LABELS)
    def state_badge(self, row: Subscription) -> Badge:
        return Badge(row.state, row.get_state_display())

    @display(description=_("Credit"))
    def credit(self, row: Subscription) -> str:
        return format_minor(row.credit_minor, row.currency)

    @display(description=_("What was agreed"))
    def terms(self, row: Subscription) -> SafeString | str:
        return table(
            (
                str(phase.periods or "∞"), length_words(phase),
                format_minor(phase.price_minor, row.currency), phase.gift,
            )
            for phase in read_phases(row.phases)
        )  # fmt: skip

    @display(description=_("Mandate"))
    def mandate_text(self, row: Subscription) -> str:
        mandate = row.mandate
        limit = format_minor(mandate.limit_minor, mandate.currency)
        return f"{mandate.number} · {mandate.get_state_display()} · ≤ {limit}"

    @display(description=_("Periods"))
    def periods_text(self, row: Subscription) -> SafeString | str:
        return table(
            (
                f"#{period.number}", str(period.period_start), str(period.period_end),
                format_minor(period.price_minor, row.currency), period.get_state_display(),
            )
            for period in row.periods.order_by("-number", "-id")[:60]
        )  # fmt: skip

    @display(description=_("Charges"))
    def charges_text(self, row: Subscription) -> SafeString | str:
        charges = SubscriptionCharge.objects.filter(period__subscription=row)
        return table(
            (
                f"#{charge.period.number}.{charge.attempt}", charge.get_outcome_display(),
                charge.order.public_id if charge.order else "", charge.why,
            )
            for charge in charges.select_related("period", "order").order_by("-id")[:60]
        )  # fmt: skip

    @display(description=_("Timeline"))
    def timeline(self, row: Subscription) -> SafeString | str:
        periods = row.periods.values_list("public_id", flat=True)[:60]
        return changes(row.public_id, row.mandate.public_id, *periods)

    @action(description=_("Cancel for its holder…"), url_path="cancel")
    def cancel_now(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row = get_object_or_404(Subscription, pk=object_id)

        def run(data: dict[str, Any]) -> str:
            now = clock.now()
            if not cancel_subscription(pk=row.pk, now=now, acting=actor(request)):
                raise ValidationError(gettext("It is over or ending already."))
            audit.record(
                tag="subscription:cancelled", by=actor(request), subject=row.public_id, now=now
            )
            return gettext("Nothing more will be charged.")

        return confirm(
            request, title=row.public_id, button=gettext("Cancel it"), run=run, act=CANCEL,
            text=gettext("Nothing more is charged. What is paid for stays until its period ends."),
            back=reverse("admin:orders_subscription_change", args=[row.pk]),
        )  # fmt: skip
