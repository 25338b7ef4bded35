"""The demo's group buy: a month of video for three who come together, above the floor."""

from datetime import datetime, timedelta

from catalog.models import Sku
from catalog.queries import default_channel, offer
from orders.models import GroupBuy
from orders.services.groups.run_group_buy import NotStartable, start_group_buy

SKU, SLUG = "IQY-GOLD-M", "video-month-together"
SIZE, HOURS, DAYS = 3, 24, 30


def open_group_buy(*, now: datetime) -> str:
    """Switch it on once; says in a few words what it did."""
    found = offer(SKU, default_channel(), now)
    if found is None or GroupBuy.objects.filter(slug=SLUG).exists():
        return "nothing new"
    # Half of what is between the floor and the usual price.
    buy = GroupBuy.objects.create(
        slug=SLUG, name="黄金会员三人拼团", name_en="Gold month, three together",
        sku=Sku.objects.get(code=SKU), price_minor=(found.unit_minor + found.floor_minor) // 2,
        size=SIZE, hours=HOURS, per_person=3, starts_at=now, ends_at=now + timedelta(days=DAYS),
        state_at=now, created_at=now, created_by="system",
    )  # fmt: skip
    try:
        start_group_buy(buy=buy.public_id, by="system", now=now)
    except NotStartable as no:
        return f"a draft ({no.reason})"
    return f"for {SIZE}"
