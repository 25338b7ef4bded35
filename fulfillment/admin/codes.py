"""Codes as rows: never their text. What one may do is quarantine, restore, ask to write off."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import display
from unfold.paginator import InfinitePaginator

from accounts.roles import may
from catalog.admin.base import require
from core import clock
from core.admin.base import Badge, ReadOnlyAdmin, actor
from fulfillment.forms import WhyForm
from fulfillment.models import Code
from fulfillment.models.code import NEVER
from fulfillment.services.pool.quarantine_codes import quarantine_codes
from fulfillment.services.pool.restore_codes import restore_codes
from fulfillment.services.pool.void_codes import request_void
from risk.admin.confirm import confirm

AT_ONCE = 100
BADGES = {
    "available": "success", "held": "info", "sold": "default", "quarantined": "warning",
    "void": "danger", "expired": "danger",
}  # fmt: skip
ACTS: dict[str, tuple[str, Any, Any]] = {
    "quarantine": (
        "codes.quarantine", gettext_lazy("Take out of sale"),
        gettext_lazy("The free ones among them go into quarantine. Held and sold codes are left alone."),
    ),
    "restore": (
        "codes.quarantine", gettext_lazy("Put back on sale"),
        gettext_lazy("The quarantined ones among them can be sold again."),
    ),
    "void": (
        "codes.void", gettext_lazy("Ask to write off"),
        gettext_lazy("Another person must agree. The codes are then gone for good and their cost is written off."),
    ),
}  # fmt: skip


@admin.register(Code)
class CodeAdmin(ReadOnlyAdmin):
    """One row per code: its end digits, state, batch and to whom it went."""

    list_display = [
        "masked", "sku", "state_badge", "last_day", "batch", "held_by", "held_until", "sold_at",
        "channel",
    ]  # fmt: skip
    list_filter = ["state", ("sku", RelatedDropdownFilter)]
    list_select_related = ["sku", "batch"]
    search_fields = ["=held_by", "=batch__public_id"]
    search_help_text = gettext_lazy("Reference (order) or batch, exactly")
    ordering = ["-pk"]
    # Millions of rows: nobody counts them to draw a page.
    show_full_result_count = False
    paginator = InfinitePaginator
    list_per_page = AT_ONCE
    fields = [
        "masked", "sku", "batch", "state_badge", "last_day", "held_by", "held_line", "held_until",
        "sold_at", "channel",
    ]  # fmt: skip
    readonly_fields = fields
    actions = ["quarantine", "restore", "void"]

    @display(description=gettext_lazy("State"), label=BADGES)
    def state_badge(self, code: Code) -> Badge:
        return Badge(code.state, code.get_state_display())

    @display(description=gettext_lazy("Last day"), ordering="expires_on")
    def last_day(self, code: Code) -> Any:
        return "—" if code.expires_on == NEVER else code.expires_on

    @admin.action(description=gettext_lazy("Take the chosen out of sale…"))
    def quarantine(self, request: HttpRequest, queryset: QuerySet[Code]) -> HttpResponse:
        return _ask("quarantine", queryset)

    @admin.action(description=gettext_lazy("Put the chosen back on sale…"))
    def restore(self, request: HttpRequest, queryset: QuerySet[Code]) -> HttpResponse:
        return _ask("restore", queryset)

    @admin.action(description=gettext_lazy("Ask to write off the chosen…"))
    def void(self, request: HttpRequest, queryset: QuerySet[Code]) -> HttpResponse:
        return _ask("void", queryset)

    def get_actions(self, request: HttpRequest) -> Any:
        known = super().get_actions(request)
        return {
            name: entry
            for name, entry in known.items()
            if name not in ACTS or may(request.user, ACTS[name][0])  # type: ignore[arg-type]
        }

    def get_urls(self) -> list[Any]:
        act = path(
            "act/<slug:name>/", self.admin_site.admin_view(self.act), name="fulfillment_code_act"
        )
        return [act, *super().get_urls()]

    def act(self, request: HttpRequest, name: str) -> HttpResponse:
        """A page that says what will happen to the chosen codes, then the service."""
        if name not in ACTS or not self.has_view_permission(request):
            raise PermissionDenied
        needed, title, text = ACTS[name]
        require(request, needed)
        ids = _ids(request)

        def run(data: dict[str, Any]) -> str:
            return _carry_out(name, ids, request, data["why"])

        return confirm(
            request, title=f"{title}: {len(ids)}", text=str(text), button=str(title),
            back=reverse("admin:fulfillment_code_changelist"), form=WhyForm, run=run,
        )  # fmt: skip


def _ask(name: str, queryset: QuerySet[Code]) -> HttpResponse:
    ids = ",".join(str(pk) for pk in queryset.values_list("pk", flat=True)[:AT_ONCE])
    url = reverse("admin:fulfillment_code_act", args=[name])
    return HttpResponseRedirect(f"{url}?{urlencode({'ids': ids})}")


def _ids(request: HttpRequest) -> list[UUID]:
    try:
        return [UUID(text) for text in request.GET.get("ids", "").split(",") if text][:AT_ONCE]
    except ValueError:
        return []


def _carry_out(name: str, ids: list[UUID], request: HttpRequest, why: str) -> str:
    now, by = clock.now(), actor(request)
    if name == "void":
        try:
            request_void(code_ids=ids, by=by.removeprefix("user:"), why=why, now=now)
        except ValueError as error:
            raise ValidationError(_("Choose some codes first.")) from error
        return _("Asked. It waits for a second person in the inbox.")
    service = quarantine_codes if name == "quarantine" else restore_codes
    return _("%(n)d codes changed.") % {"n": service(code_ids=ids, by=by, why=why, now=now)}
