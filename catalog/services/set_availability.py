"""The shown availability of a SKU: a read-model that fulfillment writes at thresholds."""

from collections.abc import Mapping
from datetime import datetime

from catalog import snapshot
from catalog.models import ChannelShelf, Sku
from catalog.states import Availability
from core.tx import part


@part
def set_availability(*, sku_id: int, availability: str, now: datetime) -> bool:
    """Show a SKU as in, low or out; returns whether that changed anything.

    It promises nothing: the hold at order decides. Raises ValueError for another word.
    """
    value = Availability(availability).value
    changed = Sku.objects.filter(pk=sku_id).exclude(availability=value).update(availability=value)
    if changed:
        snapshot.changed()
    return bool(changed)


@part
def set_channel_shelves(*, sku_id: int, words: Mapping[str, str], now: datetime) -> bool:
    """Show a SKU in these channels (by code) in other words than elsewhere; in no others.

    Returns whether that changed anything. Raises ValueError for another word.
    """
    wanted = {channel: Availability(word).value for channel, word in words.items()}
    rows = ChannelShelf.objects.filter(sku_id=sku_id)
    if dict(rows.values_list("channel", "availability")) == wanted:
        return False
    rows.delete()
    ChannelShelf.objects.bulk_create(
        ChannelShelf(sku_id=sku_id, channel=channel, availability=word)
        for channel, word in wanted.items()
    )
    snapshot.changed()
    return True
