"""How the pool of a SKU is shared at this moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Count, Q
from django.utils import timezone

from fulfillment.models import PoolShare, ShareTicket
from fulfillment.states import ShareKind

BY_SHARE = """
select share, count(*) filter (where state = 'available'), count(*) filter (where state = 'held'),
       count(*) filter (where state = 'sold')
from fulfillment_code where sku_id = %s and (share <> '' or state in ('available', 'held'))
group by 1
"""


@dataclass(frozen=True, slots=True)
class ShareLine:
    """One share: units left, held and sold. Of a cap `left` is what may still be taken."""

    channel: str
    kind: str
    left: int
    held: int
    sold: int
    keep_units: int = 0
    ends_at: datetime | None = None

    @property
    def total(self) -> int:
        return self.left + self.held + self.sold

    @property
    def percent(self) -> int:
        """How much of it is used, for a bar."""
        return round(100 * (self.held + self.sold) / self.total) if self.total else 0


def share_board(sku_id: int) -> tuple[ShareLine, list[ShareLine]]:
    """What is free for everybody (its sales are everybody's and not counted here), and every share."""
    with connection.cursor() as cursor:
        cursor.execute(BY_SHARE, [sku_id])
        counts = {share: (left, held, sold) for share, left, held, sold in cursor.fetchall()}
    tickets = _tickets(sku_id)
    lines = []
    for share in PoolShare.objects.filter(sku_id=sku_id):
        known = tickets if share.kind == ShareKind.CAPPED else counts
        left, held, sold = known.get(share.channel, (0, 0, 0))
        lines.append(
            ShareLine(share.channel, share.kind, left, held, sold, share.keep_units, share.ends_at)
        )
    left, held, _ = counts.get("", (0, 0, 0))
    return ShareLine("", ShareKind.RESERVED, left, held, 0), lines


def _tickets(sku_id: int) -> dict[str, tuple[int, int, int]]:
    rows: Sequence[tuple[str, int, int, int]] = list(
        ShareTicket.objects.filter(sku_id=sku_id)
        .values_list("channel")
        .annotate(
            left=Count("id", filter=Q(code=None)),
            held=Count("id", filter=Q(code__state="held")),
            sold=Count("id", filter=Q(code__state="sold")),
        )
    )
    return {channel: (left, held, sold) for channel, left, held, sold in rows}


OPEN_TO = """
with capped as materialized (select from fulfillment_poolshare
    where sku_id = %(sku)s and channel = %(channel)s and kind = 'capped'),
units as materialized (select count(*) as n from (
    select from fulfillment_code where sku_id = %(sku)s and state = 'available'
        and share = any(array['', %(channel)s::text]) and expires_on >= %(today)s
    limit %(most)s) as counted),
tickets as materialized (select count(*) as n from (
    select from fulfillment_shareticket
    where sku_id = %(sku)s and channel = %(channel)s and code_id is null limit %(most)s) as counted)
select case when exists (select from capped) then least(units.n, tickets.n) else units.n end
from units, tickets
"""


def units_open_to(sku_id: int, channel: str, *, now: datetime, at_most: int) -> int:
    """Units that a channel could hold now: reserved for it or free, within its cap.

    Counted to `at_most` and no further, so that a large pool costs no more than that.
    """
    today = timezone.localdate(now)
    params: dict[str, Any] = {"sku": sku_id, "channel": channel, "today": today, "most": at_most}
    with connection.cursor() as cursor:
        cursor.execute(OPEN_TO, params)
        (units,) = cursor.fetchone()
    return int(units)
