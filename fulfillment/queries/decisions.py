"""Routing decisions in words: who was considered for a unit, who was asked, and why not the others."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.money import format_minor
from fulfillment.models import Delivery, RouteDecision, RoutePolicy
from fulfillment.trace import Fact

#: Why an offer is passed over, in a few words each.
WORDS = {
    "refused": gettext_lazy("refused this unit"),
    "supplier_off": gettext_lazy("switched off"),
    "breaker": gettext_lazy("paused by its breaker"),
    "out_of_reach": gettext_lazy("could not be reached just now"),
    "busy": gettext_lazy("all its calls are taken"),
    "paced": gettext_lazy("waits for its turn in the rate"),
    "no_funds": gettext_lazy("prepaid money does not cover it"),
    "margin": gettext_lazy("would leave less than the least margin"),
    "price_guard": gettext_lazy("costs more than its highest cost"),
    "currency": gettext_lazy("another currency than was paid"),
    "no_offer": gettext_lazy("nobody offers it"),
}


def reason(key: str) -> str:
    """The words of a reason; the key itself when there are none."""
    return str(WORDS.get(key, key))


def decisions(deliveries: Sequence[Delivery]) -> list[Fact]:
    """One fact a decision, for the trace."""
    rows = RouteDecision.objects.filter(delivery__in=deliveries).select_related("attempt__supplier")
    return [_fact(row) for row in rows.order_by("id")]


def _fact(row: RouteDecision) -> Fact:
    policy = dict(RoutePolicy.Policy.choices).get(row.policy, row.policy)
    if row.attempt is None:
        title = _("Nobody asked: %(why)s") % {"why": reason(row.why)}
    else:
        title = _("%(supplier)s is asked") % {"supplier": row.attempt.supplier.name}
    asked = row.attempt.supplier.code if row.attempt else ""
    parts = [str(policy), *(_offer(one, asked) for one in row.considered)]
    return Fact(
        at=row.at,
        stage=_("Routing"),
        title=title,
        detail=" · ".join(parts),
        tone="info" if row.attempt else "warning",
        url=reverse("admin:fulfillment_delivery_change", args=[row.delivery_id]),
    )


def _offer(one: Mapping[str, Any], asked: str) -> str:
    cost = format_minor(one["cost"], one["currency"])
    if one["why"]:
        said = reason(one["why"])
    elif one["supplier"] == asked:
        said = _("chosen")
    else:
        said = _("stood by")
    return f"{one['name']} {cost}: {said}"
