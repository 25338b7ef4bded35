"""Tell the catalogue when the pool of a SKU crosses a threshold: in, low, out. Never per sale.

A channel with a share of the pool has a word of its own where it could take more or less than all.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from catalog.models import ChannelShelf, Sku
from catalog.services.set_availability import set_availability, set_channel_shelves
from catalog.states import Availability
from core.tx import part
from fulfillment.queries.editions import free_pieces

# "A few left" begins here. The count stops one above, so a pool of a million costs the same.
LOW = 20

# What is free for everybody; by SKU and channel what is reserved for it, and its tickets if capped.
COUNT = """
with asked as (
    select sku_id, '' as channel from unnest(%(skus)s::bigint[]) as w(sku_id)
    union select sku_id, channel from fulfillment_poolshare where sku_id = any(%(skus)s::bigint[]))
select asked.sku_id, asked.channel, (
    select count(*) from (
        select 1 from fulfillment_code c
        where c.sku_id = asked.sku_id and c.share = asked.channel and c.state = 'available'
          and c.expires_on >= %(today)s
        limit %(enough)s) as free),
    case when exists (select from fulfillment_poolshare p where p.sku_id = asked.sku_id
                      and p.channel = asked.channel and p.kind = 'capped')
    then (select count(*) from (
        select 1 from fulfillment_shareticket t
        where t.sku_id = asked.sku_id and t.channel = asked.channel and t.code_id is null
        limit %(enough)s) as these) end
from asked
"""


def available(sku_ids: Sequence[int], *, now: datetime) -> dict[int, int]:
    """Units of each SKU that are free for everybody, counted up to LOW + 1."""
    return {sku_id: units[""] for sku_id, units in available_by_channel(sku_ids, now=now).items()}


def available_by_channel(sku_ids: Sequence[int], *, now: datetime) -> dict[int, dict[str, int]]:
    """Of each SKU what a channel with a share could take, counted up to LOW + 1; "" is any other."""
    today = timezone.localdate(now)
    with connection.cursor() as cursor:
        cursor.execute(COUNT, {"skus": list(sku_ids), "today": today, "enough": LOW + 1})
        rows = cursor.fetchall()
    found: dict[int, dict[str, int]] = {
        sku: {"": units} for sku, name, units, _ in rows if not name
    }
    for sku_id, channel, units, tickets in rows:
        if channel:
            there = units + found[sku_id][""]
            found[sku_id][channel] = there if tickets is None else min(there, tickets)
    return found


@part
def count_availability(*, sku_ids: Sequence[int], now: datetime) -> int:
    """Write what the shelf should say of these pool SKUs. Returns how many changed.

    What seems to differ is locked and counted again: who writes has counted what is there now.
    """
    suspects = _differing(Sku.objects.filter(pk__in=sku_ids), now)
    if not suspects:
        return 0
    locked = Sku.objects.select_for_update(no_key=True).filter(pk__in=suspects).order_by("pk")
    return sum(_write(sku_id, words, now) for sku_id, words in _differing(locked, now).items())


@part
def count_editions(*, now: datetime) -> int:
    """Write what the shelf should say of numbered goods. Returns how many changed."""
    pieces = free_pieces(now=now)
    shown = dict(Sku.objects.filter(pk__in=pieces).values_list("pk", "availability"))
    return sum(
        set_availability(sku_id=sku_id, availability=_word(pieces[sku_id]), now=now)
        for sku_id in sorted(shown)
        if shown[sku_id] != _word(pieces[sku_id])
    )


def _write(sku_id: int, words: dict[str, str], now: datetime) -> bool:
    general = words.pop("")
    changed = set_availability(sku_id=sku_id, availability=general, now=now)
    return set_channel_shelves(sku_id=sku_id, words=words, now=now) or changed


def _differing(skus: QuerySet[Sku], now: datetime) -> dict[int, dict[str, str]]:
    """The words that fit, by channel, for each of these SKUs that shows others."""
    shown: dict[int, dict[str, str]] = {
        sku_id: {"": word} for sku_id, word in skus.values_list("pk", "availability")
    }
    shelves = ChannelShelf.objects.filter(sku_id__in=list(shown))
    for sku_id, channel, word in shelves.values_list("sku_id", "channel", "availability"):
        shown[sku_id][channel] = word
    fits = {
        sku_id: _words(units)
        for sku_id, units in available_by_channel(list(shown), now=now).items()
    }
    return {sku_id: words for sku_id, words in fits.items() if words != shown[sku_id]}


def _words(units: dict[str, int]) -> dict[str, str]:
    """Of everybody, and of each channel for which it is another."""
    words = {channel: _word(number) for channel, number in units.items()}
    return {name: word for name, word in words.items() if not name or word != words[""]}


def _word(units: int) -> str:
    if not units:
        return Availability.OUT.value
    return Availability.LOW.value if units <= LOW else Availability.IN.value
