from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from core import clock
from core.admin.base import Badge, ReadOnlyAdmin, actor
from risk.admin.confirm import confirm
from risk.admin.forms import EntryForm, expiry
from risk.models import ListEntry
from risk.services import add_entry as adding
from risk.services.remove_entry import remove_entry
from risk.values import NotAValue, normal, value_index


@admin.register(ListEntry)
class ListEntryAdmin(ReadOnlyAdmin):
    """Who is always stopped, who is never counted, why, and until when."""

    list_display = [
        "masked",
        "list_badge",
        "kind",
        "reason",
        "in_force",
        "expires_at",
        "created_by",
        "created_at",
    ]
    list_filter = ["list", "kind"]
    search_fields = ["=public_id"]
    search_help_text = _("A whole address, phone number, mail address or entry id")
    ordering = ["-created_at"]
    fields = [
        "public_id",
        "list",
        "kind",
        "masked",
        "reason",
        "created_by",
        "created_at",
        "expires_at",
        "removed_by",
        "removed_at",
    ]
    readonly_fields = fields
    actions_list = ["add_entry"]
    actions_detail = ["take_out"]

    @display(description=_("List"), label={"block": "danger", "allow": "success"})
    def list_badge(self, entry: ListEntry) -> Badge:
        return Badge(entry.list, entry.get_list_display())

    @display(description=_("In force"), boolean=True)
    def in_force(self, entry: ListEntry) -> bool:
        return entry.removed_at is None and (
            entry.expires_at is None or entry.expires_at > clock.now()
        )

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        found, distinct = super().get_search_results(request, queryset, search_term)
        indexes = []
        for kind in ("ip", "network", "phone", "mail", "account", "device"):
            try:
                indexes.append(value_index(kind, normal(kind, search_term)))
            except NotAValue:
                continue
        return found | queryset.filter(value_index__in=indexes), distinct

    @action(description=_("Add an entry…"), url_path="new")
    def add_entry(self, request: HttpRequest) -> HttpResponse:
        def run(data: dict[str, Any]) -> str:
            now = clock.now()
            adding.add_entry(
                list_name=data["list_name"],
                kind=data["kind"],
                value=data["value"],
                reason=data["reason"],
                expires_at=expiry(data, now),
                by=actor(request),
                now=now,
            )
            return gettext("The entry is in force.")

        return confirm(
            request,
            act="risk.edit_lists",
            title=gettext("Add to a list"),
            form=EntryForm,
            button=gettext("Add"),
            run=run,
            text=gettext(
                "Who is blocked is refused at every point. Who is allowed is not counted or limited."
            ),
            back=reverse("admin:risk_listentry_changelist"),
        )

    @action(description=_("Take off the list…"), url_path="take-out")
    def take_out(self, request: HttpRequest, object_id: int) -> HttpResponse:
        entry = get_object_or_404(ListEntry, pk=object_id)

        def run(_data: dict[str, Any]) -> str:
            gone = remove_entry(
                entry_id=entry.public_id,
                by=actor(request),
                now=clock.now(),
            )
            return (
                gettext("Taken off the list.") if gone else gettext("It was off the list already.")
            )

        return confirm(
            request,
            act="risk.edit_lists",
            title=str(entry),
            text=gettext("From now on the rules treat this one like everybody."),
            button=gettext("Take off the list"),
            back=reverse("admin:risk_listentry_changelist"),
            run=run,
        )
