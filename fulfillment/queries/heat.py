"""How warm a supplier's goods are: what sells or is looked at is read again sooner."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection

#: Units in the last day, or popularity on the shelf, from which a good is hot.
HOT_UNITS, HOT_POPULARITY = 3, 50

HOT = """
with recent as (
    -- Attempts carry rising ids: walk back to where the day began.
    select offer_id, count(*) as units from fulfillment_attempt
    where supplier_id = %(supplier)s and id > coalesce((select id from fulfillment_attempt
        where created_at < %(since)s order by id desc limit 1), 0) group by 1)
select g.cursor, sum(coalesce(n.units, 0) + p.popularity) as heat
from fulfillment_suppliergood g
join fulfillment_supplieroffer o on o.supplier_id = g.supplier_id
    and o.supplier_sku = g.supplier_sku and o.active
join catalog_sku s on s.id = o.sku_id join catalog_product p on p.id = s.product_id
left join recent n on n.offer_id = o.id
where g.supplier_id = %(supplier)s and g.gone_at is null
  and (n.units >= %(units)s or p.popularity >= %(popularity)s or o.paused_why <> '')
group by 1 order by heat desc, 1 limit %(limit)s
"""


def hot_pages(supplier_id: int, *, now: datetime, limit: int) -> list[str]:
    """Cursors of the pages on which what sells, is looked at, or is paused stood, hottest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            HOT,
            {
                "supplier": supplier_id, "since": now - timedelta(days=1), "limit": limit,
                "units": HOT_UNITS, "popularity": HOT_POPULARITY,
            },
        )  # fmt: skip
        return [str(row[0]) for row in cursor.fetchall()]


def pause_seconds(supplier_id: int, *, now: datetime) -> float:
    """Until the next look at this supplier: short while something of it is hot."""
    hot = bool(hot_pages(supplier_id, now=now, limit=1))
    return float(settings.SYNC_HOT_SECONDS if hot else settings.SYNC_WHOLE_SECONDS)
