"""Tell the catalogue when the pool of a SKU crosses a threshold: in, low, out. Never per sale."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from catalog.models import Sku
from catalog.services.set_availability import set_availability
from catalog.states import Availability
from core.tx import part

# "A few left" begins here. The count stops one above, so a pool of a million costs the same.
LOW = 20

COUNT = """
select wanted.sku_id, (
    select count(*) from (
        select 1 from fulfillment_code c
        where c.sku_id = wanted.sku_id and c.state = 'available' and c.expires_on >= %(today)s
        limit %(enough)s) as free)
from unnest(%(skus)s::bigint[]) as wanted(sku_id)
"""


def available(sku_ids: Sequence[int], *, now: datetime) -> dict[int, int]:
    """Free units of each SKU, counted up to LOW + 1."""
    with connection.cursor() as cursor:
        cursor.execute(
            COUNT,
            {"skus": list(sku_ids), "today": timezone.localdate(now), "enough": LOW + 1},
        )
        return dict(cursor.fetchall())


@part
def count_availability(*, sku_ids: Sequence[int], now: datetime) -> int:
    """Write what the shelf should say of these pool SKUs. Returns how many changed.

    What seems to differ is locked and counted again: who writes has counted what is there now.
    """
    suspects = _differing(Sku.objects.filter(pk__in=sku_ids), now)
    if not suspects:
        return 0
    locked = Sku.objects.select_for_update(no_key=True).filter(pk__in=suspects).order_by("pk")
    return sum(
        set_availability(sku_id=sku_id, availability=word, now=now)
        for sku_id, word in _differing(locked, now).items()
    )


def _differing(skus: QuerySet[Sku], now: datetime) -> dict[int, Availability]:
    """The word that fits, for each of these SKUs that shows another."""
    shown = dict(skus.values_list("pk", "availability"))
    fits = {sku_id: _word(units) for sku_id, units in available(list(shown), now=now).items()}
    return {sku_id: word for sku_id, word in fits.items() if word != shown[sku_id]}


def _word(units: int) -> Availability:
    if not units:
        return Availability.OUT
    return Availability.LOW if units <= LOW else Availability.IN
