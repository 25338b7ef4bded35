"""The goods of a reference as a reader sees them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Min, OuterRef, Subquery
from django.utils import timezone
from django.utils.translation import get_language

from catalog.faces import Face
from fulfillment.models import CodeIssue, CodeReveal, Delivery
from fulfillment.models.code import NEVER
from fulfillment.queries.showing import shown
from fulfillment.states import DeliveryState
from fulfillment.units import RevealedCode


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """One unit, ready for templates/fulfillment/_deliveries.html. Never holds a code by itself."""

    id: str
    line: str
    unit: int
    units: int
    kind: str
    state: str
    face: Face
    title: str
    sku_title: str
    target: str
    target_label: str
    guide: str
    opened_at: datetime
    delivered_at: datetime | None
    expires_on: date | None
    revealed_at: datetime | None
    can_reveal: bool
    codes: Sequence[RevealedCode] | None = None
    refund_state: str = ""


def deliveries_of(reference: str, *, language: str | None = None) -> list[DeliveryView]:
    """Every unit of a reference, by line and number, in one statement.

    The caller has checked that the reader may see them.
    """
    rows = list(_rows().filter(reference=reference).order_by("id"))
    units = Counter(row["line"] for row in rows)
    return [_view(row, units[row["line"]], language) for row in rows]


def delivery_view(delivery_id: str, *, language: str | None = None) -> DeliveryView | None:
    """One unit by its public id."""
    row = _rows().filter(public_id=delivery_id).first()
    return None if row is None else _view(row, 1, language)


def _rows() -> Any:
    live = CodeIssue.objects.filter(delivery=OuterRef("pk")).order_by("-number")
    revealed = (
        CodeReveal.objects.filter(delivery=OuterRef("pk"))
        .order_by()
        .values("delivery")
        .annotate(first=Min("at"))
        .values("first")
    )
    return Delivery.objects.annotate(
        code_expires=Subquery(live.values("code__expires_on")[:1]), revealed_at=Subquery(revealed)
    ).values(
        "public_id", "reference", "line", "unit", "kind", "state", "sku_id", "target_masked",
        "created_at", "delivered_at", "code_expires", "revealed_at", "entitlement__valid_until",
    )


def _view(row: dict[str, Any], units: int, language: str | None) -> DeliveryView:
    look = shown(row["sku_id"], language or get_language() or "zh-hans")
    has_code = row["code_expires"] is not None
    return DeliveryView(
        id=row["public_id"],
        line=row["line"],
        unit=row["unit"],
        units=units,
        kind=row["kind"],
        state=row["state"],
        face=look.face,
        title=look.title,
        sku_title=look.sku_title,
        target=row["target_masked"],
        target_label=look.target_label if row["target_masked"] else "",
        guide=look.guide,
        opened_at=row["created_at"],
        delivered_at=row["delivered_at"],
        expires_on=_last_day(row),
        revealed_at=row["revealed_at"],
        can_reveal=has_code and row["state"] == DeliveryState.DELIVERED,
    )


def _last_day(row: dict[str, Any]) -> date | None:
    if row["code_expires"] is not None:
        return None if row["code_expires"] == NEVER else row["code_expires"]
    until = row["entitlement__valid_until"]
    return None if until is None else last_day(until)


def last_day(until: datetime) -> date:
    """The last day on which something that ends at ``until`` is good."""
    return timezone.localdate(until - timedelta(microseconds=1))
