import json
from typing import Any

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from core.admin.base import ReadOnlyAdmin
from core.admin.who import who
from core.models import AuditEntry, StateChange
from core.transitions import in_words


def pretty(value: Any) -> SafeString | str:
    """A JSON value as people read it."""
    if value is None:
        return "–"
    text = json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True)
    return format_html("<pre class='text-xs whitespace-pre-wrap'>{}</pre>", text)


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ["at", "actor", "tag", "about", "ip"]
    list_filter = ["tag"]
    search_fields = ["=by", "=subject", "=ip"]
    search_help_text = _("Exact actor, subject or address")
    date_hierarchy = "at"
    ordering = ["-id"]
    list_per_page = 50
    show_full_result_count = False
    fields = ["at", "actor", "ip", "tag", "subject", "was", "became"]
    readonly_fields = fields

    @display(description=_("by"))
    def actor(self, entry: AuditEntry) -> str:
        return who(entry.by)

    @display(description=_("about"))
    def about(self, entry: AuditEntry) -> str:
        return who(entry.subject)

    @display(description=_("Before"))
    def was(self, entry: AuditEntry) -> SafeString | str:
        return pretty(entry.before)

    @display(description=_("After"))
    def became(self, entry: AuditEntry) -> SafeString | str:
        return pretty(entry.after)


@admin.register(StateChange)
class StateChangeAdmin(ReadOnlyAdmin):
    list_display = ["at", "entity", "subject", "what", "actor", "why"]
    list_filter = ["entity", "became"]
    search_fields = ["=subject"]
    search_help_text = _("Exact public id")
    ordering = ["-id"]
    list_per_page = 50
    show_full_result_count = False

    @display(description=_("became"))
    def what(self, change: StateChange) -> str:
        return in_words(change)

    @display(description=_("by"))
    def actor(self, change: StateChange) -> str:
        return who(change.by)
