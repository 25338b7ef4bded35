"""The goods of a reference as a reader sees them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language

from catalog.faces import Face
from core.hot import hot_cursor
from fulfillment.models.code import NEVER
from fulfillment.queries.activation import terms
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
    # "" or given (on its way to a friend) or passed (a friend has it): its buyer sees no code then.
    held: str = ""
    # It is activated first, on its own page.
    to_activate: bool = False
    # Its page in the wallet, "" before it is delivered.
    url: str = ""


_COLUMNS = (
    "id", "line", "unit", "kind", "state", "sku_id", "target", "opened_at", "delivered_at",
    "code_expires", "revealed_at", "valid_until", "voucher", "entitlement", "given_at", "moves",
    "received_at",
)  # fmt: skip
_SELECT = """
select d.public_id, d.line, d.unit, d.kind, d.state, d.sku_id, d.target_masked, d.created_at,
    d.delivered_at,
    (select c.expires_on from fulfillment_codeissue i join fulfillment_code c on c.id = i.code_id
        where i.delivery_id = d.id order by i.number desc limit 1),
    (select min(r.at) from fulfillment_codereveal r where r.delivery_id = d.id),
    e.valid_until,
    exists (select 1 from fulfillment_vouchercode v
        where v.entitlement_id = e.id and v.replaced_at is null),
    e.public_id, e.given_at, e.moves, e.created_at
from fulfillment_delivery d left join fulfillment_entitlement e on e.delivery_id = d.id
"""
OF_REFERENCE = _SELECT + "where d.reference = %(key)s::text order by d.id"
OF_DELIVERY = _SELECT + "where d.public_id = %(key)s::text"


def deliveries_of(reference: str, *, language: str | None = None) -> list[DeliveryView]:
    """Every unit of a reference, by line and number, in one statement.

    The caller has checked that the reader may see them. What was given away shows no code here.
    """
    rows = _rows(OF_REFERENCE, reference)
    units = Counter(row["line"] for row in rows)
    return [_view(row, units[row["line"]], language) for row in rows]


def delivery_view(
    delivery_id: str, *, language: str | None = None, showable: bool | None = None
) -> DeliveryView | None:
    """One unit by its public id. `showable`: whether its holder may see its code here and now."""
    rows = _rows(OF_DELIVERY, delivery_id)
    if not rows:
        return None
    view = _view(rows[0], 1, language)
    if showable is None:
        return view
    return replace(view, can_reveal=showable and _has_code(rows[0]), to_activate=False, held="")


def _rows(statement: str, key: str) -> list[dict[str, Any]]:
    with hot_cursor() as cursor:
        cursor.execute(statement, {"key": key})
        return [dict(zip(_COLUMNS, row, strict=True)) for row in cursor.fetchall()]


def _view(row: dict[str, Any], units: int, language: str | None) -> DeliveryView:
    look = shown(row["sku_id"], language or get_language() or "zh-hans")
    held = "given" if row["given_at"] else "passed" if row["moves"] else ""
    bound = bool(row["received_at"]) and terms(row["sku_id"], row["received_at"]).needed
    return DeliveryView(
        id=row["id"],
        line=row["line"],
        unit=row["unit"],
        units=units,
        kind=row["kind"],
        state=row["state"],
        face=look.face,
        title=look.title,
        sku_title=look.sku_title,
        target=row["target"],
        target_label=look.target_label if row["target"] else "",
        guide=look.guide,
        opened_at=row["opened_at"],
        delivered_at=row["delivered_at"],
        expires_on=_last_day(row),
        revealed_at=row["revealed_at"],
        can_reveal=_has_code(row) and not held and not bound,
        held=held,
        to_activate=bound and not held and row["state"] == DeliveryState.DELIVERED,
        url=reverse("fulfillment:entitlement", args=[row["entitlement"]])
        if row["entitlement"]
        else "",
    )


def _has_code(row: dict[str, Any]) -> bool:
    own = row["code_expires"] is not None or bool(row["voucher"])
    return own and bool(row["state"] == DeliveryState.DELIVERED)


def _last_day(row: dict[str, Any]) -> date | None:
    if row["code_expires"] is not None:
        return None if row["code_expires"] == NEVER else row["code_expires"]
    until = row["valid_until"]
    return None if until is None else last_day(until)


def last_day(until: datetime) -> date:
    """The last day on which something that ends at ``until`` is good."""
    return timezone.localdate(until - timedelta(microseconds=1))
