"""Rows of the risk floor for tests."""

from datetime import datetime
from typing import Any

from core import clock
from core.ids import new_id
from risk import rulebook, values
from risk.facts import contact_fact
from risk.models import ListEntry, RuleSetting


def make_facts(**changes: Any) -> dict[str, Any]:
    """Facts of an ordinary order."""
    return {
        "ip": "203.0.113.9",
        "contact": contact_fact("phone", "13800138000"),
        "units": 1,
        "total_minor": 9850,
        "currency": "CNY",
        "channel": "shop",
        **changes,
    }


def make_entry(
    value: str, *, kind: str = "ip", list_name: str = "block", expires_at: datetime | None = None
) -> ListEntry:
    spelled = values.normal(kind, value)
    entry = ListEntry.objects.create(
        list=list_name,
        kind=kind,
        value_index=values.value_index(kind, spelled),
        masked=values.masked(kind, spelled),
        reason="test",
        created_by="system",
        created_at=clock.now(),
        prefix=int(spelled.rpartition("/")[2]) if kind == "network" else 0,
        expires_at=expires_at,
    )
    rulebook.changed()
    return entry


def set_rule(key: str, *, enabled: bool = True, dry_run: bool = False, **parameters: int) -> None:
    """Other figures for a standing rule, as two persons would have agreed."""
    RuleSetting.objects.update_or_create(
        key=key,
        defaults={
            "parameters": parameters,
            "enabled": enabled,
            "dry_run": dry_run,
            "changed_by": "system",
            "changed_at": clock.now(),
        },
    )
    rulebook.changed()


def new_order() -> str:
    return new_id("ord")
