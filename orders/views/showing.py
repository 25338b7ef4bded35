"""From an order's plain values to what the templates of orders/ name in their first lines."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from catalog.faces import Face
from fulfillment.queries.deliveries import DeliveryView
from orders.payments import registry
from orders.queries.bundles import BundleState, bundles_around
from orders.queries.page import OrderRow
from orders.services.request_refund import WAITING
from orders.states import BuyGroupState, OrderState
from orders.views.bundles import bundle_shown, goods_groups
from orders.views.line import LineShown, english
from orders.views.promotion_words import terms_words

FINAL = frozenset(
    {
        OrderState.DELIVERED,
        OrderState.PARTIALLY_DELIVERED,
        OrderState.CLOSED,
        OrderState.REFUNDED,
        OrderState.FAILED,
    }
)
SLOW = frozenset({OrderState.REVIEW, OrderState.WAITING_STOCK})
MOST_TRIES = 150
QUICK_TRIES = 10


def order_context(
    row: OrderRow,
    deliveries: Sequence[DeliveryView],
    *,
    now: datetime,
    seen_back: bool = False,
    tries: int = 0,
    link: str = "",
    secret: str = "",
    guest: bool = True,
) -> dict[str, Any]:
    """Context of orders/order.html and orders/_status.html."""
    refund_of = {d: r["state"] for r in row.refunds for d in r["deliveries"] or ()}
    goods = [replace(d, refund_state=refund_of.get(d.id, "")) for d in deliveries]
    inside = [line["id"] for line in row.lines if line["bundle"]]
    bundles = bundles_around(inside) if inside else []
    lines = lines_shown(row, bundles)
    return {
        "order": _order(row, goods, now=now, back=seen_back, link=link, guest=guest),
        "deliveries": goods,
        "groups": goods_groups(goods, bundles),
        "lines": lines,
        "bill": _bill(row, lines, goods if bundles else ()),
        "secret": secret,
        "version": version_of(row, deliveries),
        "poll_seconds": poll_seconds(row, tries),
        "tries": tries,
    }


def _order(
    row: OrderRow,
    goods: Sequence[DeliveryView],
    *,
    now: datetime,
    back: bool,
    link: str,
    guest: bool,
) -> dict[str, Any]:
    pending = row.state == OrderState.PENDING_PAYMENT
    newest = row.payments[-1]["state"] if row.payments else ""
    paid_minor = sum(p["amount_minor"] for p in row.payments if p["state"] == "succeeded")
    paid_minor += row.balance_minor if row.paid_at else 0
    took = None
    if row.paid_at and row.completed_at:
        took = (row.completed_at - row.paid_at).total_seconds()
    return {
        "id": row.id,
        "state": row.state,
        # A payment stands as sent from the start; it is being confirmed once its buyer is back.
        "payment_state": newest if back or newest not in {"submitted", "unknown"} else "created",
        "placed_at": row.created_at,
        "paid_at": row.paid_at,
        "done_at": row.completed_at,
        "hold_until": row.expires_at if pending else None,
        "wait_until": row.wait_until,
        "took_seconds": took,
        "units": row.units,
        "units_delivered": row.delivered,
        "contact": row.contact_masked,
        "is_guest": guest,
        "total_minor": row.total_minor,
        "due_minor": row.due_minor,
        "paid_minor": paid_minor,
        "refunded_minor": row.returned_minor,
        "currency": row.currency,
        "can_cancel": pending,
        "can_refund": _can_refund(row, goods),
        "proof_link": link,
        "group": _group(row, now),
    }


def _group(row: OrderRow, now: datetime) -> dict[str, Any] | None:
    """How the group of a group buy stands, with the address that its members pass on."""
    if row.group is None:
        return None
    path = reverse("orders:group", args=[row.group["id"]])
    open_still = row.group["state"] == BuyGroupState.OPEN and now < row.group["until"]
    return {
        **row.group, "missing": row.group["size"] - row.group["paid"], "path": path,
        "link": f"{settings.SITE_URL}{path}", "is_open": open_still,
    }  # fmt: skip


def _can_refund(row: OrderRow, goods: Sequence[DeliveryView]) -> bool:
    if row.state in WAITING:
        return True
    return any(d.state in {"pending", "failed"} and not d.refund_state for d in goods)


def order_line(line: dict[str, Any]) -> LineShown:
    """A stored line in the reader's language, as it was when it was sold."""
    en = english()
    face = line["face"]
    brand, title, value = face["en" if en else "zh"]
    return LineShown(
        id=line["id"],
        face=Face(face["hue"], brand, title, value, face["kind"]),
        title=line["title_en"] if en and line["title_en"] else line["title"],
        sku_title=line["sku_title_en"] if en and line["sku_title_en"] else line["sku_title"],
        url=reverse("catalog:product", args=[face["slug"]]),
        quantity=line["quantity"],
        recipient=line["target"],
        list_minor=line["list_minor"],
        unit_minor=line["unit_minor"],
        # Before promotions: the bill takes these off the sum. A gift is in no sum.
        amount_minor=0 if line["gift"] else line["unit_minor"] * line["quantity"],
        is_gift=line["gift"],
        state="delivered" if line["delivered"] == line["quantity"] else "",
        guide=line["guide_en"] if en and line["guide_en"] else line["guide"],
    )


def lines_shown(row: OrderRow, bundles: Sequence[BundleState]) -> list[LineShown]:
    """What was bought, as the buyer sees it: a bundle is one line, where its first part stands."""
    shown: dict[str, LineShown] = {}
    by_id = {state.id: state for state in bundles}
    for line in row.lines:
        state = by_id.get(line["bundle"])
        if state is None:
            shown[line["id"]] = order_line(line)
        elif state.id not in shown:
            shown[state.id] = bundle_shown(state)
    return list(shown.values())


def _bill(
    row: OrderRow, lines: Sequence[LineShown], parts: Sequence[DeliveryView]
) -> dict[str, Any]:
    """`parts` are named where their money goes back, for they have no line of their own."""
    titles = {d.id: d.title for d in parts}
    return {
        "lines": [
            replace(shown, title=f"{shown.title} {shown.sku_title}".strip()) for shown in lines
        ],
        "adjustments": [
            {
                "label": reason_label(a),
                "why": reason_why(a, row.currency),
                "amount_minor": a["amount_minor"],
            }
            for a in row.explanation
        ],
        "total_minor": row.total_minor,
        "balance_minor": row.balance_minor if row.state != OrderState.CLOSED else 0,
        "due_minor": row.due_minor,
        "currency": row.currency,
        "payments": [
            {
                "label": _("Your balance")
                if row.balance_minor and not p["amount_minor"]
                else provider_title(p["provider"]),
                "amount_minor": p["amount_minor"],
                "at": p["at"],
            }
            for p in row.payments
            if p["state"] == "succeeded"
        ],
        "refunds": [
            {
                "amount_minor": r["amount_minor"] + r["balance_minor"],
                "balance_minor": r["balance_minor"],
                "outside_minor": r["amount_minor"],
                "state": r["state"],
                "at": r["at"],
                "to": provider_title(r["provider"]),
                "why": _why(r["kind"]),
                "what": [titles[d] for d in r["deliveries"] or () if d in titles],
            }
            for r in row.refunds
        ],
    }


def _why(kind: str) -> str:
    return {
        "undelivered": _("What was not delivered"),
        "delivered": _("What you gave back"),
        "late": _("Paid after the order was closed"),
        "duplicate": _("Paid twice"),
    }.get(kind, "")


def reason_label(adjustment: dict[str, Any]) -> str:
    """Why a price is what it is, for people."""
    params = adjustment.get("params", {})
    if "title" in params:
        # A promotion bears the name that its operator gave it.
        return str((english() and params.get("title_en")) or params["title"])
    return {
        "list_price": _("List price"),
        "bundle_share": _("Share of the pack's price"),
        "dated_price": _("Price for a limited time"),
        "quantity_price": _("Price from %(from)s pieces") % {"from": params.get("from", 1)},
        "level_price": _("Price for %(level)s members") % {"level": level_name(params)},
        "member_day_price": _("Member day for %(level)s members") % {"level": level_name(params)},
        "lifted_to_floor": _("Not below the lowest price allowed"),
    }.get(adjustment["key"], str(adjustment["key"]))


def level_name(params: dict[str, Any]) -> str:
    """The level that a price was for, in the reader's language, as it was called then."""
    return str((params.get("name_en") if english() else "") or params.get("name", ""))


def reason_why(adjustment: dict[str, Any], currency: str) -> str:
    """The terms of the promotion, unless its name says just that."""
    words = terms_words(adjustment["key"], adjustment.get("params", {}), currency)
    return "" if words == reason_label(adjustment) else words


def provider_title(code: str) -> str:
    found = registry.PROVIDERS.find(code)
    return str(found.title) if found else code


def version_of(row: OrderRow, deliveries: Sequence[DeliveryView]) -> str:
    """Changes whenever anything on the page would."""
    parts = [
        row.state,
        *(p["state"] for p in row.payments),
        *(d.state for d in deliveries),
        *(r["state"] for r in row.refunds),
    ]
    if row.group is not None:
        parts.append(f"{row.group['state']}{row.group['paid']}")
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:12]


def poll_seconds(row: OrderRow, tries: int) -> int:
    """Seconds until the page asks again; 0 when it need not."""
    moving = any(r["state"] not in {"succeeded", "rejected", "failed"} for r in row.refunds)
    if tries > MOST_TRIES or (row.state in FINAL and not moving):
        return 0
    waits = row.state == OrderState.PAID and row.group is not None
    if waits or row.state in SLOW or row.state in FINAL:
        return 5
    return 1 if tries < QUICK_TRIES else 2


def providers_shown(chosen: str = "") -> list[dict[str, Any]]:
    """What the buyer may pay with; the first one is chosen unless told otherwise."""
    offered = registry.offered()
    picked = chosen or (offered[0].code if offered else "")
    return [
        {"code": p.code, "label": p.title, "text": p.text, "chosen": p.code == picked}
        for p in offered
    ]
