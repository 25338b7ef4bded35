"""How the pool of a SKU is shared at this moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Count, Q

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
