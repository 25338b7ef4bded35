"""The page the back office opens with: today's numbers, what waits for a person, and how the house is."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from core import clock, desk, health
from core.admin.system import is_late


def fill(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Unfold's hook for its index page."""
    now = clock.now()
    reader = request.user
    tasks = [replace(task, link=_address(task.link)) for task in desk.tasks(reader, now=now)]
    return context | {
        "title": _("Today"),
        "figures": [
            replace(each, link=_address(each.link)) for each in desk.figures(reader, now=now)
        ],
        "tasks": [task for task in tasks if task.count],
        "quiet": [task for task in tasks if not task.count],
        "panels": desk.panels(reader, now=now),
        "house": _house(now) if reader.has_perm("core.view_heartbeat") else None,
        "at": now,
    }


def _address(link: str) -> str:
    """`name?query` of the admin as a path."""
    if not link:
        return ""
    name, _mark, query = link.partition("?")
    path = reverse(f"admin:{name}")
    return f"{path}?{query}" if query else path


def _house(now: Any) -> dict[str, Any]:
    seen = {name: (ago, detail) for name, ago, detail in health.signs_of_life(now=now)}
    queues: Sequence[health.QueueState] = health.queue_states(now=now)
    ago, detail = seen.get("invariants", (None, {}))
    return {
        "parts": [
            {"name": name, "ago": ago, "late": is_late(name, ago)}
            for name, (ago, _detail) in seen.items()
            if name != "invariants"
        ],
        "queues": queues,
        "checked": detail.get("checked"),
        "checked_ago": ago,
        "violated": detail.get("violated") or [],
    }
