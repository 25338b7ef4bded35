from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.roles import may
from core import audit, clock, tx
from core.admin.base import ReadOnlyAdmin, actor
from core.money import format_minor
from fulfillment.admin.attempts import AttemptInline
from fulfillment.admin.timeline import changes, postings, seconds_ago
from fulfillment.admin.vault_acts import VaultActs
from fulfillment.models import Delivery, Entitlement
from fulfillment.queries.dossiers import dossiers
from fulfillment.queries.reasons import explain
from fulfillment.services.retry_delivery import NotRetryable, StillOpen, retry_delivery
from fulfillment.states import DeliveryState
from fulfillment.trace import chain_of, find_references
from risk.admin.confirm import confirm

DELIVERY_LABELS = {
    "pending": "info", "dispatched": "info", "unknown": "warning", "delivered": "success",
    "failed": "danger", "manual": "warning", "revoked": "danger",
}  # fmt: skip
#: What may stand in an address: ids that mean nothing to an outsider. The rest is posted.
IN_ADDRESS = ("ord_", "dlv_", "att_", "ent_", "cas_", "pay_", "rfd_")


class NoteForm(forms.Form):
    note = forms.CharField(label=_("Why"), max_length=200, widget=UnfoldAdminTextInputWidget)


class QueueFilter(admin.SimpleListFilter):
    """The desks of the people who look after deliveries."""

    title = _("queue")
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("pending", _("Waiting for a supplier")),
            ("unknown", _("Being checked with the supplier")),
            ("manual", _("With a person")),
            ("failed", _("Failed, not canceled")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> QuerySet[Delivery]:
        chosen = {
            "pending": (DeliveryState.PENDING,),
            "unknown": (DeliveryState.UNKNOWN, DeliveryState.DISPATCHED),
            "manual": (DeliveryState.MANUAL,),
            "failed": (DeliveryState.FAILED,),
        }.get(self.value() or "")
        if chosen is None:
            return queryset
        return queryset.filter(state__in=chosen, canceled_at=None).order_by("id")


@admin.register(Delivery)
class DeliveryAdmin(VaultActs, ReadOnlyAdmin):
    """Units on their way: what waits, why, and what to do. State changes go through the road."""

    list_display = ["opened", "public_id", "reference", "goods", "state_badge", "why", "age",
                    "target_masked", "source"]  # fmt: skip
    list_filter = [QueueFilter, "state", "kind", "supplier"]
    search_fields = ["=public_id", "=reference", "=supplier_no", "=owner"]
    search_help_text = _("Delivery, reference, supplier's number or owner; more with the trace")
    list_select_related = ["sku", "supplier"]
    ordering = ["-id"]
    list_per_page = 50
    show_full_result_count = False
    fieldsets = [
        (None, {"fields": ["public_id", "state", "cause", "next_action"]}),
        (_("What and for whom"), {"fields": [
            "reference", "line", "unit", "sku", "kind", "channel", "owner", "target_masked"]}),
        (_("Supply"), {"fields": ["supplier", "supplier_no", "cost", "resolved_by", "approval"]}),
        (_("Times"), {"fields": [
            "created_at", "not_before", "retried_at", "delivered_at", "canceled_at", "revoked_at"]}),
        (_("Timeline"), {"fields": ["timeline"]}),
        (_("Ledger"), {"fields": ["money"]}),
    ]  # fmt: skip
    inlines = [AttemptInline]
    actions_list = ["trace"]
    actions_detail = ["trace_this", "retry", "look", "replace"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [name for _title, part in self.fieldsets for name in part["fields"]]

    @display(description=_("State"), label=DELIVERY_LABELS)
    def state_badge(self, row: Delivery) -> tuple[str, str]:
        return row.state, row.get_state_display()

    @display(description=pgettext_lazy("time", "Opened"), ordering="created_at")
    def opened(self, row: Delivery) -> str:
        return timezone.localtime(row.created_at).strftime("%m-%d %H:%M:%S")

    @display(description="SKU", ordering="sku")
    def goods(self, row: Delivery) -> str:
        return row.sku.code

    @display(description=_("Supplier"), ordering="supplier")
    def source(self, row: Delivery) -> str:
        return row.supplier.code if row.supplier else ""

    @display(description=_("Why"))
    def why(self, row: Delivery) -> str:
        return explain(row.state, row.reason)[0] if row.reason else ""

    @display(description=_("Waiting for"))
    def age(self, row: Delivery) -> str:
        if row.state in (DeliveryState.DELIVERED, DeliveryState.REVOKED, DeliveryState.FAILED):
            return ""
        return seconds_ago((clock.now() - (row.retried_at or row.created_at)).total_seconds())

    @display(description=_("Cause"))
    def cause(self, row: Delivery) -> str:
        return "–" if row.state == DeliveryState.DELIVERED else explain(row.state, row.reason)[0]

    @display(description=_("Next action"))
    def next_action(self, row: Delivery) -> str:
        return "–" if row.state == DeliveryState.DELIVERED else explain(row.state, row.reason)[1]

    @display(description=_("Cost"))
    def cost(self, row: Delivery) -> str:
        return "–" if row.cost_minor is None else format_minor(row.cost_minor, row.currency)

    @display(description="")
    def timeline(self, row: Delivery) -> SafeString | str:
        return changes(row.public_id, *row.attempts.values_list("public_id", flat=True))

    @display(description="")
    def money(self, row: Delivery) -> SafeString | str:
        return postings(row.reference)

    @action(description=_("Start over…"), url_path="retry")
    def retry(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row = get_object_or_404(Delivery, pk=object_id)
        if not may(request.user, "fulfillment.retry"):  # type: ignore[arg-type]
            raise PermissionDenied

        def run(data: dict[str, Any]) -> str:
            try:
                retry_delivery(
                    delivery_id=row.public_id, by=actor(request), note=data["note"], now=clock.now()
                )
            except StillOpen:
                raise ValidationError(
                    gettext(
                        "A purchase is open, unknown or has succeeded; another would be a second one."
                    )
                ) from None
            except NotRetryable:
                raise ValidationError(
                    gettext("It is delivered, under way or canceled for good.")
                ) from None
            return gettext("Started over.")

        return confirm(
            request,
            title=row.public_id,
            button=gettext("Start over"),
            run=run,
            form=NoteForm,
            text=gettext(
                "Every offer is asked again, in its order. Refused while anything may still be bought."
            ),
            back=reverse("admin:fulfillment_delivery_change", args=[row.pk]),
        )

    @action(description=_("Trace"), url_path="trace-this")
    def trace_this(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row = get_object_or_404(Delivery, pk=object_id)
        return HttpResponseRedirect(f"{reverse('admin:fulfillment_trace')}?q={row.public_id}")

    @action(description=_("Trace a chain"), url_path="open-trace")
    def trace(self, request: HttpRequest) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:fulfillment_trace"))

    def get_urls(self) -> list[Any]:
        page = path("trace/", self.admin_site.admin_view(self.trace_page), name="fulfillment_trace")
        return [page, *super().get_urls()]

    def trace_page(self, request: HttpRequest) -> HttpResponse:
        """One field, any id; the whole chain from batch to ledger. Looking is itself recorded."""
        if not may(request.user, "fulfillment.trace"):  # type: ignore[arg-type]
            raise PermissionDenied
        asked = request.POST.get("q", "") if request.method == "POST" else request.GET.get("q", "")
        asked = asked.strip()[:200]
        if request.method != "POST" and not asked.startswith(IN_ADDRESS):
            asked = ""
        references = find_references(asked) if asked else []
        # An id is no code; a code is never in an address.
        known = [] if asked.startswith(IN_ADDRESS) else dossiers(asked, now=clock.now())
        chosen = references[0] if len(references) == 1 else ""
        looked = [chosen] if chosen else [each.code for each in known]
        if looked:
            with tx.step():
                for one in looked:
                    audit.record(tag="trace:read", by=actor(request), subject=one, now=clock.now())
        context = {
            **self.admin_site.each_context(request),
            "title": _("Trace"),
            "asked": bool(asked),
            "shown": asked if asked.startswith(IN_ADDRESS) else "",
            "references": references,
            "dossiers": known,
            "chain": chain_of(chosen) if chosen else None,
        }
        return TemplateResponse(request, "admin/fulfillment/trace.html", context)


@admin.register(Entitlement)
class EntitlementAdmin(ReadOnlyAdmin):
    """What people own."""

    list_display = [
        "created_at",
        "public_id",
        "owner",
        "reference",
        "sku",
        "kind",
        "state",
        "valid_until",
    ]
    list_filter = ["state", "kind"]
    search_fields = ["=public_id", "=owner", "=reference"]
    list_select_related = ["sku"]
    ordering = ["-id"]
    list_per_page = 50
    show_full_result_count = False
