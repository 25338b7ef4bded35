from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from core import approvals, clock, health, outbox
from core.admin.base import ReadOnlyAdmin
from core.models import Heartbeat, OutboxEvent

WORKER_LATE_SECONDS = 120


def is_late(name: str, ago: float) -> bool:
    """Whether a part should have shown itself by now; the invariants are checked at their own pace."""
    own_pace = 2 * settings.INVARIANT_SECONDS if name == "invariants" else 0
    return ago > max(WORKER_LATE_SECONDS, own_pace)


REVIVE_ACT = "outbox.revive"


@admin.register(Heartbeat)
class HealthAdmin(ReadOnlyAdmin):
    """Is everything that should run running, and is anything waiting too long?"""

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        now = clock.now()
        parts = [
            {"name": name, "ago": ago, "detail": detail, "late": is_late(name, ago)}
            for name, ago, detail in health.signs_of_life(now=now)
        ]
        context = {
            **self.admin_site.each_context(request),
            "title": _("Workers and queues"),
            "parts": parts,
            "queues": health.queue_states(now=now),
            "worker_seen": any(part["name"] == "worker" and not part["late"] for part in parts),
        }
        return TemplateResponse(request, "admin/core/health.html", context)


@admin.register(OutboxEvent)
class OutboxAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "topic", "tries", "last_error", "done_at", "dead_at"]
    list_filter = [
        "topic",
        ("dead_at", admin.EmptyFieldListFilter),
        ("done_at", admin.EmptyFieldListFilter),
    ]
    ordering = ["-id"]
    list_per_page = 50
    show_full_result_count = False
    actions = ["revive"]

    def has_revive_permission(self, request: HttpRequest, *_: Any) -> bool:
        """Who may see what was given up may not yet have it told again."""
        me = request.user.public_id  # type: ignore[union-attr]
        return approvals.AUTHORITY.get("may")(me, REVIVE_ACT)

    @action(description=_("Tell again what was given up"), permissions=["revive"])
    def revive(self, request: HttpRequest, queryset: Any) -> None:
        revived = sum(
            outbox.revive(pk, now=clock.now()) for pk in queryset.values_list("pk", flat=True)
        )
        messages.success(request, _("%(n)d facts will be told again.") % {"n": revived})
