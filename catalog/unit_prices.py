"""From the snapshot to the one price function: lists, level prices, floor."""

from dataclasses import replace
from datetime import datetime, timedelta

from django.utils import timezone

from catalog.offers import ChannelView
from catalog.pricing import LevelTerms, Priced, floor_of, price
from catalog.pricing.bundle import dearest
from catalog.snapshot import Snapshot


def tier_of(snap: Snapshot, level: int) -> int:
    """The highest level at or under `level` that makes any difference; what answers are kept by."""
    steps = [*(row.terms.level for row in snap.level_rows), *(rank for rank, _ in snap.early)]
    return max((one for one in steps if one <= level), default=0)


def lead_of(snap: Snapshot, level: int) -> timedelta:
    """How long before everybody else a level may buy."""
    return max((lead for rank, lead in snap.early if rank <= level), default=timedelta())


def priced(
    snap: Snapshot, sku_id: int, channel: ChannelView, now: datetime, quantity: int, level: int
) -> Priced | None:
    """The unit price of a SKU for a member level (0: a guest), in minor units of the channel's."""
    ranks = {place: rank for rank, place in enumerate(channel.price_lists)}
    rows = [
        replace(row, rank=ranks[place])
        for place, row in snap.prices.get(sku_id, ())
        if place in ranks
    ]
    return price(
        rows,
        at=now,
        quantity=quantity,
        currency=channel.currency,
        level=level,
        terms=_terms(snap, sku_id, channel) if level else (),
        floor_minor=floor_under(snap, sku_id),
        zone=timezone.get_default_timezone(),
    )


def _terms(snap: Snapshot, sku_id: int, channel: ChannelView) -> list[LevelTerms]:
    """The level prices of the channel, each with what its own list says of the SKU."""
    return [
        row.terms
        if row.price_list_id is None
        else replace(
            row.terms,
            rows=tuple(r for place, r in snap.prices.get(sku_id, ()) if place == row.price_list_id),
        )
        for row in snap.level_rows
        if row.channel_id in (None, channel.id)
    ]


def floor_under(snap: Snapshot, sku_id: int) -> int:
    """The lowest lawful unit price; of a bundle that of its dearest choice."""
    sku, bundle = snap.skus[sku_id], snap.bundles.get(sku_id)
    floor = floor_of(
        cost_minor=sku.cost_minor, advertised_minimum_minor=sku.advertised_minimum_minor
    )
    if bundle is None:
        return floor
    groups = [
        (one.choose, [(snap.skus[p.sku_id].cost_minor or 0) * p.quantity for p in one.parts])
        for one in bundle.groups
    ]
    return max(floor, dearest(groups))
