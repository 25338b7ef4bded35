"""Keys of outside channels: seen on the channel's page, ended at once."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import action, display

from core import clock
from core.admin.base import Badge, ReadOnlyAdmin, actor
from core.admin.who import who
from distribution.models import MarketKey
from distribution.services.make_key import end_key
from risk.admin.confirm import confirm

ACT = "market.manage"


class KeyInline(TabularInline):
    model = MarketKey
    hide_title = True
    fields = ["public_id", "is_active", "created_at", "ended_at"]
    readonly_fields = fields
    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(MarketKey)
class MarketKeyAdmin(ReadOnlyAdmin):
    """Which keys are good; a secret is shown once, when it is made."""

    list_display = ["public_id", "marketplace", "state", "created_at", "maker", "ended_at"]
    list_filter = ["is_active", "marketplace"]
    list_select_related = ["marketplace"]
    search_fields = ["=public_id", "marketplace__name"]
    fields = ["public_id", "marketplace", "state", "created_at", "maker", "ended_at"]
    readonly_fields = fields
    actions_detail = ["end"]

    @display(description=_("State"), label={"on": "success", "ended": "danger"})
    def state(self, row: MarketKey) -> Badge:
        return (
            Badge("on", gettext("On")) if row.is_active else Badge("ended", gettext("Out of use"))
        )

    @display(description=_("made by"))
    def maker(self, row: MarketKey) -> str:
        return who(row.created_by)

    @action(description=_("End this key…"), url_path="end")
    def end(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row = get_object_or_404(MarketKey, pk=object_id)

        def run(_data: dict[str, Any]) -> str:
            ended = end_key(key=row.public_id, by=actor(request), now=clock.now())
            return gettext("Ended.") if ended else gettext("It was ended before.")

        return confirm(
            request,
            title=row.public_id,
            text=gettext("Calls signed with it are refused at once and for good."),
            button=gettext("End it"),
            back=reverse("admin:distribution_marketplace_change", args=[row.marketplace_id]),
            run=run,
            act=ACT,
        )
