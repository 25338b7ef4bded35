from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from core import approvals, clock, switches
from core.admin.base import ReadOnlyAdmin, actor
from core.models import SwitchState
from core.tx import step

THROW_ACT = "switches.throw"


class ThrowForm(forms.Form):
    name = forms.CharField(widget=forms.HiddenInput)
    on = forms.BooleanField(required=False, widget=forms.HiddenInput)
    note = forms.CharField(label=_("Why"), max_length=200, widget=UnfoldAdminTextInputWidget)


@admin.register(SwitchState)
class SwitchAdmin(ReadOnlyAdmin):
    """All switches that code declares, with their state; throwing one asks for a reason."""

    def get_urls(self) -> list[Any]:
        throw = path("throw/", self.admin_site.admin_view(self.throw), name="core_switch_throw")
        return [throw, *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        thrown = SwitchState.objects.in_bulk()
        rows = [
            {"switch": switch, "on": switches.is_on(name), "state": thrown.get(name)}
            for name, switch in sorted(switches.SWITCHES.all().items())
        ]
        context = {
            **self.admin_site.each_context(request),
            "title": _("Switches"),
            "rows": rows,
            "form": ThrowForm(),
        }
        return TemplateResponse(request, "admin/core/switches.html", context)

    def throw(self, request: HttpRequest) -> HttpResponse:
        me = request.user.public_id  # type: ignore[union-attr]
        if request.method != "POST" or not approvals.AUTHORITY.get("may")(me, THROW_ACT):
            raise PermissionDenied
        form = ThrowForm(request.POST)
        if not form.is_valid() or form.cleaned_data["name"] not in switches.SWITCHES:
            messages.error(request, gettext("Say why, so that the next person knows."))
        else:
            with step():
                switches.throw(by=actor(request), now=clock.now(), **form.cleaned_data)
            messages.success(request, gettext("The switch was thrown."))
        return HttpResponseRedirect(reverse("admin:core_switchstate_changelist"))
