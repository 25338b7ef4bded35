"""The demo's flash sale: a day of store cards for less, without a cent under the floor."""

from datetime import datetime, timedelta

from catalog.models import Sku
from catalog.queries import default_channel, offer
from orders.models import FlashSale
from orders.services.flash.run_flash import NotCuttable, advance_flashes, cut_flash

SKU, SLUG = "JD-E-100", "jd-card-flash"
UNITS = 20


def open_flash(*, now: datetime) -> str:
    """Open it once; says in a few words what it did."""
    found = offer(SKU, default_channel(), now)
    if found is None or FlashSale.objects.filter(slug=SLUG).exists():
        return "nothing new"
    # Half of what is between the floor and the usual price.
    sale = FlashSale.objects.create(
        slug=SLUG, name="京东E卡限时秒杀", name_en="JD card flash sale",
        sku=Sku.objects.get(code=SKU), price_minor=(found.unit_minor + found.floor_minor) // 2,
        units=UNITS, starts_at=now, ends_at=now + timedelta(days=1), state_at=now, created_at=now,
        created_by="system",
    )  # fmt: skip
    try:
        cut_flash(sale=sale.public_id, by="system", now=now)
    except NotCuttable as no:
        return f"a draft ({no.reason})"
    advance_flashes(now=now)
    return f"{UNITS} units"
