"""Exports of codes: who asked, who agreed, one look at the password, one download."""

from typing import Any

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from unfold.decorators import display

from core import clock
from core.admin.base import ReadOnlyAdmin, actor
from core.admin.who import who
from fulfillment.forms import PasswordForm
from fulfillment.models import CodeExport
from fulfillment.services.pool.take_export import (
    ExportGone,
    WrongPassword,
    show_password,
    take_export,
)
from fulfillment.states import ExportState

BADGES = {"ready": "warning", "taken": "success", "dropped": "default"}


@admin.register(CodeExport)
class CodeExportAdmin(ReadOnlyAdmin):
    """Files of codes that were handed out."""

    list_display = [
        "public_id", "sku", "rows", "state_badge", "asked_by", "agreed", "created_at",
        "taken_at",
    ]  # fmt: skip
    list_filter = ["state"]
    list_select_related = ["sku"]
    search_fields = ["=public_id", "=requested_by"]
    ordering = ["-id"]

    @display(description=gettext_lazy("State"), label=BADGES)
    def state_badge(self, export: CodeExport) -> tuple[str, str]:
        return export.state, export.get_state_display()

    @display(description=gettext_lazy("Asked by"))
    def asked_by(self, export: CodeExport) -> str:
        return who(export.requested_by)

    @display(description=gettext_lazy("Agreed by"))
    def agreed(self, export: CodeExport) -> str:
        return who(export.agreed_by)

    def get_urls(self) -> list[Any]:
        password = path(
            "<int:pk>/password/",
            self.admin_site.admin_view(never_cache(self.password)),
            name="fulfillment_codeexport_password",
        )
        return [password, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, *_args: Any, **_kwargs: Any
    ) -> HttpResponse:
        """What it is; for its recipient the download, for the second person the password."""
        export = self.get_object(request, object_id)
        if export is None or not self.has_view_permission(request, export):
            raise Http404
        form = PasswordForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            answer = self._download(request, export, form)
            if answer is not None:
                return answer
        return self._page(request, export, form)

    def password(self, request: HttpRequest, pk: int) -> HttpResponse:
        """One audited look, for the person who agreed."""
        export = get_object_or_404(CodeExport, pk=pk)
        if request.method != "POST" or not self.has_view_permission(request, export):
            raise Http404
        try:
            shown = show_password(export_id=export.public_id, by=_me(request), now=clock.now())
        except ExportGone as error:
            raise Http404 from error
        return self._page(request, export, PasswordForm(), shown=shown)

    def _page(
        self, request: HttpRequest, export: CodeExport, form: PasswordForm, *, shown: str = ""
    ) -> HttpResponse:
        ready = export.state == ExportState.READY and export.expires_at > clock.now()
        context = {
            **admin.site.each_context(request),
            "title": f"{export.public_id} · {export.sku.code}",
            "export": export,
            "form": form,
            "asked_by": who(export.requested_by),
            "agreed_by": who(export.agreed_by),
            "shown": shown,
            "may_download": ready and export.requested_by == _me(request),
            "may_see_password": ready and export.agreed_by == _me(request),
        }
        response = TemplateResponse(request, "admin/fulfillment/export.html", context)
        response["Cache-Control"] = "no-store"
        return response

    def _download(
        self, request: HttpRequest, export: CodeExport, form: PasswordForm
    ) -> HttpResponse | None:
        try:
            taken = take_export(
                export_id=export.public_id, by=_me(request), now=clock.now(),
                password=form.cleaned_data["password"],
            )  # fmt: skip
        except WrongPassword:
            form.add_error("password", _("This is not the password."))
            return None
        except ExportGone:
            messages.error(request, _("This file can no longer be downloaded."))
            return HttpResponseRedirect(reverse("admin:fulfillment_codeexport_changelist"))
        response = HttpResponse(taken.content, content_type="application/octet-stream")
        response["Content-Disposition"] = f'attachment; filename="{taken.file_name}"'
        response["Cache-Control"] = "no-store"
        return response


def _me(request: HttpRequest) -> str:
    return actor(request).removeprefix("user:")
