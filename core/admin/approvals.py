from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget

from core import approvals, clock
from core.admin.audit import pretty
from core.admin.base import Badge, ReadOnlyAdmin
from core.admin.who import who
from core.approvals import EXECUTORS, STEP_UP
from core.ledger import FloorBreached
from core.models import Approval

REFUSALS: dict[type[Exception], Any] = {
    approvals.SelfApproval: _("You asked for this yourself; another person must decide."),
    approvals.MakerMayNot: _("Who asked for this may not do so any more; refuse it."),
    approvals.NotAllowed: _("Your role may not decide this."),
    approvals.NotOpen: _("This request was decided already or has expired."),
    approvals.StalePayload: _("The request was altered after it was made; ask again."),
    FloorBreached: _("An account would fall under its floor."),
}


class DecisionForm(forms.Form):
    note = forms.CharField(
        label=_("Note"),
        max_length=500,
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
    )


@admin.register(Approval)
class ApprovalAdmin(ReadOnlyAdmin):
    """The inbox of acts that take two persons."""

    list_display = [
        "requested_at",
        "title",
        "about",
        "reason",
        "asked_by",
        "state_badge",
        "decided_by",
    ]
    list_filter = ["state", "action"]
    search_fields = ["=public_id", "=subject", "=maker"]
    ordering = ["-requested_at"]
    fields = [
        ("public_id", "state_badge"),
        ("title", "about"),
        "what",
        "reason",
        ("asked_by", "requested_at", "expires_at"),
        ("decided_by", "decided_at", "executed_at"),
        "note",
    ]
    readonly_fields = [
        "public_id", "state_badge", "title", "about", "what", "reason", "asked_by", "requested_at",
        "expires_at", "decided_by", "decided_at", "executed_at", "note",
    ]  # fmt: skip
    change_form_template = "admin/core/approval.html"

    @display(description=_("about"))
    def about(self, approval: Approval) -> str:
        return who(approval.subject)

    @display(description=_("asked by"), ordering="maker")
    def asked_by(self, approval: Approval) -> str:
        return who(approval.maker)

    @display(description=_("decided by"), ordering="checker")
    def decided_by(self, approval: Approval) -> str:
        return who(approval.checker)

    @display(description=_("Act"))
    def title(self, approval: Approval) -> str:
        known = EXECUTORS.find(approval.action)
        return str(known.title) if known else approval.action

    @display(description=_("Exactly this"))
    def what(self, approval: Approval) -> SafeString | str:
        return pretty(_shown(approval.payload))

    @display(
        description=_("State"),
        label={
            "requested": "warning",
            "executed": "success",
            "rejected": "danger",
            "expired": "info",
        },
    )
    def state_badge(self, approval: Approval) -> Badge:
        return Badge(approval.state, approval.get_state_display())

    def get_urls(self) -> list[Any]:
        decide = path(
            "decide/<public_id>/<answer>/",
            self.admin_site.admin_view(self.decide),
            name="core_approval_decide",
        )
        return [decide, *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        waiting = Approval.objects.filter(state=Approval.State.REQUESTED).count()
        title = ngettext(
            "%(n)d request waits for a second person",
            "%(n)d requests wait for a second person",
            waiting,
        ) % {"n": waiting}
        shown: HttpResponse = super().changelist_view(
            request, {"subtitle": title, **(extra_context or {})}
        )
        return shown

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        approval = self.get_object(request, object_id)
        context = {
            "approval": approval,
            "mine": approval is not None and approval.maker == self._me(request),
        }
        shown: HttpResponse = super().change_view(
            request, object_id, form_url, {**context, **(extra_context or {})}
        )
        return shown

    @staticmethod
    def _me(request: HttpRequest) -> str:
        return request.user.public_id  # type: ignore[union-attr]

    def decide(self, request: HttpRequest, public_id: str, answer: str) -> HttpResponse:
        """A page that says what will happen, then the service."""
        if not self.has_view_permission(request) or answer not in {"agree", "refuse"}:
            raise PermissionDenied
        approval = get_object_or_404(Approval, public_id=public_id)
        form = DecisionForm(request.POST if request.method == "POST" else None)
        mine = approval.maker == self._me(request)
        proof = None if answer == "refuse" or mine else STEP_UP.get("code")(request)
        if request.method == "POST" and form.is_valid() and (proof is None or proof.is_valid()):
            if proof is not None:
                proof.save()
            return self._carry_out(
                request, approval, agree=answer == "agree", note=form.cleaned_data["note"]
            )
        context = {
            **self.admin_site.each_context(request),
            "title": self.title(approval),
            "approval": approval,
            "form": form,
            "proof": proof,
            "agree": answer == "agree",
            "what": pretty(_shown(approval.payload)),
            "mine": mine,
            "asked_by": who(approval.maker),
            "about": who(approval.subject),
        }
        return TemplateResponse(request, "admin/core/approval_decide.html", context)

    def _carry_out(
        self, request: HttpRequest, approval: Approval, *, agree: bool, note: str
    ) -> HttpResponse:
        try:
            approvals.decide(
                approval_id=approval.public_id,
                by=self._me(request),
                agree=agree,
                note=note,
                now=clock.now(),
            )
        except approvals.NotAllowed as refusal:
            messages.error(request, REFUSALS[type(refusal)])
            if not isinstance(refusal, approvals.SelfApproval | approvals.MakerMayNot):
                raise PermissionDenied from refusal
        except tuple(REFUSALS) as refusal:
            messages.error(request, REFUSALS[type(refusal)])
        else:
            messages.success(request, gettext("Carried out.") if agree else gettext("Refused."))
        return HttpResponseRedirect(reverse("admin:core_approval_change", args=[approval.pk]))


def _shown(payload: dict[str, Any]) -> dict[str, Any]:
    """Without what is sealed: not even the ciphertext belongs on a page."""
    return {
        key: "••••" if value and key.startswith("sealed_") else value
        for key, value in payload.items()
    }
