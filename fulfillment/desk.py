"""What fulfillment puts on the front page of the back office."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from catalog.models import Sku
from catalog.states import Availability, DeliveryKind, ProductState
from core.desk import FIGURES, PANELS, TASKS, Figure, Panel, Task
from fulfillment.services.pool.count_availability import LOW, available

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
    _redemption()
    PANELS.register(
        "fulfillment.short",
        Panel(_("Short of codes"), "admin/fulfillment/desk_short.html", _short, "catalog.view_sku"),
    )


def _redemption() -> None:
    """What those should know who look after vouchers."""
    TASKS.register(
        "fulfillment.guessing",
        Task(
            _("Voucher codes that nobody knows, in the last hour"),
            # Some are worn or foreign; ten in an hour, or a fifth of all scans, are somebody trying.
            "select case when g.wrong >= 10 or g.wrong * 5 > g.scans then g.wrong else 0 end from"
            " (select count(*) filter (where f.reason = 'unknown_code') as wrong,"
            # Ids rise with time: only the last hour's rows are looked at.
            "  (select count(*) from fulfillment_redemption r where r.id > coalesce((select o.id from"
            "    fulfillment_redemption o where o.at < %(now)s - interval '1 hour'"
            "    order by o.id desc limit 1), 0))"
            "  + count(*) as scans from fulfillment_refusedscan f"
            "  where f.at > %(now)s - interval '1 hour') g",
            "fulfillment.view_refusedscan",
            "fulfillment_refusedscan_changelist?reason__exact=unknown_code", grave=True,
        ),
    )  # fmt: skip
    TASKS.register(
        "fulfillment.nowhere",
        Task(
            _("Vouchers on sale that no store takes"),
            "select count(*) from catalog_sku s join catalog_product p on p.id = s.product_id"
            " join catalog_producttype t on t.id = p.product_type_id"
            " where t.delivery_kind = 'voucher' and p.state = 'on_sale' and s.is_active"
            " and not exists (select 1 from fulfillment_voucherterms v"
            "   join fulfillment_voucherplace w on w.terms_id = v.id where v.sku_id = s.id)",
            "fulfillment.view_voucherterms", "fulfillment_voucherterms_changelist", grave=True,
        ),
    )  # fmt: skip


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
