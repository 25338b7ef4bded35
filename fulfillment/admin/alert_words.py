"""Alerts as sentences: what is the matter, with the figures of the last look, and where to go."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.money import format_minor

SENTENCES: dict[str, Any] = {
    "runs_out": _(
        "%(sku)s may be gone on %(day)s; %(free)s are there, %(on_order)s under way. Buy %(units)s."
    ),
    "expiring": _("%(sku)s: %(lost)s of %(units)s codes will not be sold before %(day)s."),
    "low_balance": _("%(name)s holds %(left)s of our money, and %(a_day)s a day is spent there."),
    "offer_gone": _("%(supplier)s has no %(sku)s any more: %(why)s."),
    "cost_above_price": _(
        "%(sku)s costs %(cost)s at %(supplier)s, more than its price bears. Raise the price, raise"
        " the highest cost of the offer, or leave it paused."
    ),
    "late_purchase": _("The purchase from %(name)s was expected on %(day)s."),
    "sync_stale": _("The list of %(name)s has not been read since %(since)s."),
    "leaked": _(
        "%(units)s codes of %(batch)s were shown at tills before anybody had bought them. Take the"
        " batch out of sale and ask where it came from."
    ),
    "shared": _(
        "%(units)s of %(opened)s opened codes of %(batch)s were opened by several people or from"
        " several places."
    ),
    "dead": _(
        "%(units)s of %(opened)s opened codes of %(batch)s were replaced after they were shown. Are"
        " they dead, or used by whoever complained?"
    ),
    "staff_looks": _("%(name)s has looked at %(units)s codes of others within a day."),
}  # fmt: skip
WHY: dict[str, Any] = {
    "gone": _("it is no longer on its list"),
    "off_sale": _("it was taken off sale"),
    "no_stock": _("it is out of stock"),
}
PLACES = {
    "sku": "catalog_sku_change",
    "supplier": "fulfillment_supplier_change", "offer": "fulfillment_supplieroffer_change",
    "purchase": "fulfillment_purchase_change",
    "batch": "fulfillment_codebatch_change", "staff": "accounts_user_change",
}  # fmt: skip


def sentence(kind: str, subject: str, facts: Mapping[str, Any]) -> str:
    """The alert in words."""
    currency = str(facts.get("currency", "CNY"))
    shown = {
        "sku": subject.partition(":")[2], **facts, "why": WHY.get(str(facts.get("why")), ""),
        **{
            name: format_minor(facts[name], currency)
            for name in ("left", "a_day", "cost")
            if isinstance(facts.get(name), int)
        },
    }  # fmt: skip
    shown["since"] = str(facts.get("since", ""))[:16].replace("T", " ")
    return str(SENTENCES[kind]) % shown if kind in SENTENCES else subject


def link_of(kind: str, subject: str, facts: Mapping[str, Any]) -> str:
    """Where something can be done about it; empty when nowhere."""
    if kind == "runs_out":
        return reverse("admin:fulfillment_restock")
    place = PLACES.get(subject.partition(":")[0])
    return reverse(f"admin:{place}", args=[facts["pk"]]) if place and "pk" in facts else ""
