"""What should be looked at: opened and closed by the shop itself."""

from typing import Any

from django.contrib import admin
from django.db.models import F
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from core.admin.base import ReadOnlyAdmin
from fulfillment.admin.alert_words import link_of, sentence
from fulfillment.admin.timeline import seconds_ago
from fulfillment.models import Alert


class OpenFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "open"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Open")), ("no", _("Closed"))]

    def queryset(self, request: Any, queryset: Any) -> Any:
        if self.value() in ("yes", "no"):
            return queryset.filter(closed_at__isnull=self.value() == "yes")
        return queryset


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    """Alerts open when something becomes true and close when it is over."""

    list_display = ["kind_badge", "what", "opened_at", "lasted", "closed_at"]
    list_filter = [OpenFilter, "kind"]
    search_fields = ["subject"]
    # Open ones first: a day of closing that is empty sorts behind all others.
    ordering = [F("closed_at").desc(nulls_first=True), "-opened_at"]
    list_per_page = 50
    fields = ["kind", "subject", "what", "opened_at", "seen_at", "closed_at"]
    readonly_fields = fields

    @display(description=_("Kind"))
    def kind_badge(self, alert: Alert) -> str:
        return alert.get_kind_display()

    @display(description=_("What"))
    def what(self, alert: Alert) -> SafeString | str:
        about = (alert.kind, alert.subject, alert.facts)
        text, url = sentence(*about), link_of(*about)
        if not url:
            return text
        return format_html('<a class="text-primary-600" href="{}">{}</a>', url, text)

    @display(description=_("For"))
    def lasted(self, alert: Alert) -> str:
        until = alert.closed_at or timezone.now()
        return seconds_ago((until - alert.opened_at).total_seconds())
