"""What fulfillment puts on the front page of the back office."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from catalog.models import Sku
from catalog.states import Availability, DeliveryKind, ProductState
from core.desk import FIGURES, PANELS, TASKS, Figure, Panel, Task
from fulfillment.services.count_availability import LOW, available

MOST_SHORT = 8

# Deliveries carry rising ids; those that arrive late are few and were opened within two days.
_DELIVERED = (
    "with since as (select coalesce((select id from fulfillment_delivery"
    " where created_at < %(yesterday)s order by id desc limit 1), 0) as id)"
    " select count(*) filter (where delivered_at >= %(today)s),"
    " count(*) filter (where delivered_at < %(then)s)"
    " from fulfillment_delivery d, since where d.id > since.id and delivered_at >= %(yesterday)s"
)


def register() -> None:
    """Called once when the app is ready."""
    view, place = "fulfillment.view_delivery", "fulfillment_delivery_changelist"
    FIGURES.register(
        "fulfillment.delivered", Figure(_("Units delivered today"), _DELIVERED, view, place)
    )
    TASKS.register(
        "fulfillment.moving",
        Task(
            _("Deliveries under way"),
            "select count(*) from fulfillment_delivery where state in ('pending', 'dispatched')",
            view, f"{place}?state__in=pending,dispatched",
        ),
    )  # fmt: skip
    TASKS.register(
        "fulfillment.unknown",
        Task(
            _("Deliveries without a clear answer"),
            "select count(*) from fulfillment_delivery where state = 'unknown'",
            view, f"{place}?state__exact=unknown", grave=True,
        ),
    )  # fmt: skip
    TASKS.register(
        "fulfillment.cases",
        Task(
            _("Cases for a person"),
            "select count(*) from fulfillment_manualcase where state <> 'resolved'",
            "fulfillment.view_manualcase", "fulfillment_manualcase_changelist", grave=True,
        ),
    )  # fmt: skip
    PANELS.register(
        "fulfillment.short",
        Panel(_("Short of codes"), "admin/fulfillment/desk_short.html", _short, "catalog.view_sku"),
    )


def _short(now: datetime) -> Mapping[str, Any]:
    """SKUs of the pool that are nearly or quite sold out; what buyers like best comes first."""
    wanting = Sku.objects.filter(
        product__product_type__delivery_kind=DeliveryKind.POOL,
        is_active=True,
        product__state=ProductState.ON_SALE,
        availability__in=[Availability.LOW, Availability.OUT],
    ).select_related("product")
    low = sorted(wanting, key=lambda sku: (sku.availability, -sku.product.popularity, sku.code))
    free = available([sku.pk for sku in low[:MOST_SHORT]], now=now)
    rows = [
        {"sku": sku, "free": free[sku.pk], "percent": free[sku.pk] * 100 // (LOW + 1)}
        for sku in low[:MOST_SHORT]
    ]
    return {"rows": rows, "more": max(0, len(low) - MOST_SHORT)}
