"""Exports of coupon codes: who asked, who agreed, one look at the password, one download."""

from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from core import clock
from core.admin.base import Badge, ReadOnlyAdmin, actor
from core.admin.who import who
from fulfillment.forms import PasswordForm
from orders.models import CouponExport
from orders.services.coupons.export_coupons import (
    CouponExportGone,
    WrongCouponPassword,
    show_coupon_password,
    take_coupon_export,
)
from orders.states import CouponExportState

EXPORT_BADGES = {"ready": "warning", "taken": "success", "dropped": "default"}


@admin.register(CouponExport)
class CouponExportAdmin(ReadOnlyAdmin):
    """Files of coupon codes: one look at the password, one download."""

    list_display = ["public_id", "batch", "state_badge", "asked_by", "agreed", "created_at",
                    "taken_at"]  # fmt: skip
    list_filter = ["state"]
    list_select_related = ["batch"]
    search_fields = ["=public_id", "=batch__public_id"]
    ordering = ["-id"]

    @display(description=_("State"), label=EXPORT_BADGES)
    def state_badge(self, row: CouponExport) -> Badge:
        return Badge(row.state, row.get_state_display())

    @display(description=_("Asked by"))
    def asked_by(self, row: CouponExport) -> str:
        return who(row.requested_by)

    @display(description=_("Agreed by"))
    def agreed(self, row: CouponExport) -> str:
        return who(row.agreed_by)

    def change_view(
        self, request: HttpRequest, object_id: str, *_args: Any, **_kwargs: Any
    ) -> HttpResponse:
        """For its recipient the download, for the second person one audited look at the password."""
        row = self.get_object(request, object_id)
        if row is None or not self.has_view_permission(request, row):
            raise Http404
        shown, form = "", PasswordForm(request.POST or None)
        if request.method == "POST" and "show" in request.POST:
            form = PasswordForm()
            shown = self._look(request, row)
        elif request.method == "POST" and form.is_valid():
            answer = self._download(request, row, form)
            if answer is not None:
                return answer
        return self._page(request, row, form, shown)

    def _look(self, request: HttpRequest, row: CouponExport) -> str:
        try:
            return show_coupon_password(export=row.public_id, by=_me(request), now=clock.now())
        except CouponExportGone as error:
            raise Http404 from error

    def _page(
        self, request: HttpRequest, row: CouponExport, form: PasswordForm, shown: str
    ) -> HttpResponse:
        ready = row.state == CouponExportState.READY and row.expires_at > clock.now()
        context = {
            **admin.site.each_context(request),
            "title": row.public_id, "export": row, "form": form, "shown": shown,
            "asked_by": who(row.requested_by), "agreed_by": who(row.agreed_by),
            "may_download": ready and row.requested_by == _me(request),
            "may_see_password": ready and row.agreed_by == _me(request),
        }  # fmt: skip
        response = TemplateResponse(request, "admin/orders/coupon_export.html", context)
        response["Cache-Control"] = "no-store"
        return response

    def _download(
        self, request: HttpRequest, row: CouponExport, form: PasswordForm
    ) -> HttpResponse | None:
        try:
            taken = take_coupon_export(
                export=row.public_id, by=_me(request), now=clock.now(),
                password=form.cleaned_data["password"],
            )  # fmt: skip
        except WrongCouponPassword:
            form.add_error("password", gettext("This is not the password."))
            return None
        except CouponExportGone as error:
            raise Http404 from error
        response = HttpResponse(taken.content, content_type="application/octet-stream")
        response["Content-Disposition"] = f'attachment; filename="{taken.file_name}"'
        response["Cache-Control"] = "no-store"
        return response


def _me(request: HttpRequest) -> str:
    return actor(request).removeprefix("user:")
