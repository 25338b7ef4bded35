from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from accounts.roles import may
from core import clock
from core.admin.base import ReadOnlyAdmin
from fulfillment.admin.timeline import changes
from fulfillment.models import ManualCase
from fulfillment.queries.reasons import explain
from fulfillment.services.resolve_manually import (
    NeedsReference,
    NotProposable,
    propose_resolution,
)
from risk.admin.confirm import confirm


class ProposalForm(forms.Form):
    supplier_reference = forms.CharField(
        label=_("Supplier's reference"), max_length=64, required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("The number by which the supplier confirmed it. Needed once anything was ordered."),
    )  # fmt: skip
    note = forms.CharField(
        label=_("What you found out, and from whom"), max_length=500,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
    )  # fmt: skip


@admin.register(ManualCase)
class ManualCaseAdmin(ReadOnlyAdmin):
    """What no query settles: one person proposes, another agrees in the approvals inbox."""

    list_display = [
        "opened_at",
        "public_id",
        "delivery",
        "cause",
        "state_badge",
        "verdict",
        "approval",
    ]
    list_filter = ["state", "why"]
    search_fields = ["=public_id", "=delivery__public_id", "=delivery__reference"]
    list_select_related = ["delivery"]
    ordering = ["-id"]
    list_per_page = 50
    fields = [
        "public_id", "state", "delivery_link", "delivery_state", "attempt", "cause", "next_action",
        "note", "verdict", "supplier_reference", "approval", "opened_at", "resolved_at", "resolved_by",
        "timeline",
    ]  # fmt: skip
    readonly_fields = fields
    actions_detail = ["propose_delivered", "propose_failed"]

    @display(
        description=_("State"),
        label={"open": "danger", "proposed": "warning", "resolved": "success"},
    )
    def state_badge(self, case: ManualCase) -> tuple[str, str]:
        return case.state, case.get_state_display()

    @display(description=_("Cause"))
    def cause(self, case: ManualCase) -> str:
        return explain("manual", case.why)[0]

    @display(description=_("Next action"))
    def next_action(self, case: ManualCase) -> str:
        return explain("manual", case.why)[1]

    @display(description=_("Delivery"))
    def delivery_link(self, case: ManualCase) -> SafeString:
        url = reverse("admin:fulfillment_delivery_change", args=[case.delivery_id])
        return format_html('<a class="text-primary-600" href="{}">{}</a>', url, case.delivery)

    @display(description=_("It is"))
    def delivery_state(self, case: ManualCase) -> str:
        return case.delivery.get_state_display()

    @display(description=_("History"))
    def timeline(self, case: ManualCase) -> SafeString | str:
        return changes(case.public_id, case.delivery.public_id)

    @action(description=_("Propose: delivered…"), url_path="propose-delivered")
    def propose_delivered(self, request: HttpRequest, object_id: int) -> HttpResponse:
        return self._propose(
            request, object_id, "deliver", gettext("Propose: it was delivered"),
            gettext("When another person agrees, the unit becomes its owner's, at the offer's cost."),
        )  # fmt: skip

    @action(description=_("Propose: not delivered…"), url_path="propose-failed")
    def propose_failed(self, request: HttpRequest, object_id: int) -> HttpResponse:
        return self._propose(
            request, object_id, "fail", gettext("Propose: it was not delivered"),
            gettext("When another person agrees, the unit fails and the buyer's money goes back."),
        )  # fmt: skip

    def _propose(
        self, request: HttpRequest, object_id: int, verdict: str, button: str, text: str
    ) -> HttpResponse:
        case = get_object_or_404(ManualCase.objects.select_related("delivery"), pk=object_id)
        if not may(request.user, "fulfillment.resolve"):  # type: ignore[arg-type]
            raise PermissionDenied

        def run(data: dict[str, Any]) -> str:
            try:
                propose_resolution(
                    case_id=case.public_id, verdict=verdict, note=data["note"],
                    supplier_reference=data["supplier_reference"], now=clock.now(),
                    by=request.user.public_id,  # type: ignore[union-attr]
                )  # fmt: skip
            except NeedsReference:
                raise ValidationError(
                    {
                        "supplier_reference": gettext(
                            "Something was ordered: enter the supplier's reference."
                        )
                    }
                ) from None
            except NotProposable:
                raise ValidationError(
                    gettext("It is settled, waits for its second person, or does not allow this.")
                ) from None
            return gettext("Proposed. Another person decides in the approvals inbox.")

        return confirm(
            request,
            title=f"{case.public_id} · {case.delivery}",
            button=button,
            run=run,
            form=ProposalForm,
            text=text,
            back=reverse("admin:fulfillment_manualcase_change", args=[case.pk]),
        )
