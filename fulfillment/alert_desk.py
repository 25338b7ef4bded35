"""Open alerts on the front page of the back office; nothing to see is no panel."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from core.desk import PANELS, Panel
from fulfillment.models import Alert

SHOWN = 6


def register() -> None:
    """Called once when the app is ready."""
    PANELS.register(
        "fulfillment.alerts",
        Panel(
            _("Alerts"), "admin/fulfillment/desk_alerts.html", _alerts, "fulfillment.view_alert",
            wide=True,
        ),
    )  # fmt: skip


def _alerts(now: datetime) -> Mapping[str, Any] | None:
    # The words belong to the back office, which is loaded when a page is drawn.
    from fulfillment.admin.alert_words import link_of, sentence
    from fulfillment.admin.timeline import seconds_ago

    found = Alert.objects.filter(closed_at__isnull=True).order_by("-opened_at", "-id")
    rows = [
        {
            "what": sentence(each.kind, each.subject, each.facts),
            "url": link_of(each.kind, each.subject, each.facts),
            "ago": seconds_ago((now - each.opened_at).total_seconds()),
        }
        for each in found[:SHOWN]
    ]
    return {"rows": rows, "more": max(0, found.count() - SHOWN)} if rows else None
