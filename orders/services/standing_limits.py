"""What a promotion's budgets allow at this moment, kept so until the order's transaction ends.

A rule is read from a cache before the transaction; meanwhile an operator may pause the promotion and
lower a limit. Saving locks the row, so that one of the two waits and sees what the other did.
"""

from collections.abc import Sequence
from typing import Any

from django.db import connection

from core.faults import guard_off
from core.tx import part
from orders.states import PromotionState

PREFIX = "promo:pro_"
COLUMNS = {"uses": 1, "money": 2, "subsidy": 3, "by": 4}
# The weakest lock that a writer's `for update` waits for; orders do not wait for each other.
ROWS = """
select public_id, state, most_uses, most_minor, subsidy_minor, most_per_person
from orders_promotion where public_id = any(%s) order by public_id for key share
"""


@part
def standing_limits(takes: Sequence[dict[str, Any]], *, live: bool) -> list[dict[str, Any]]:
    """The takes with limits no higher than those that stand now (units, or minor units of money).

    A promotion that has to be `live` and is not any more allows nothing. Source: D12, INV-PR2.
    """
    ids = sorted({_promotion(take) for take in takes} - {""})
    if not ids or guard_off("promotions.row"):
        return list(takes)
    with connection.cursor() as cursor:
        cursor.execute(ROWS, [ids])
        rows = {row[0]: row[1:] for row in cursor.fetchall()}
    return [{**take, "limit": _limit(take, rows, live=live)} for take in takes]


def _promotion(take: dict[str, Any]) -> str:
    return take["key"].split(":")[1] if take["key"].startswith(PREFIX) else ""


def _limit(take: dict[str, Any], rows: dict[str, tuple[Any, ...]], *, live: bool) -> int:
    row = rows.get(_promotion(take))
    if row is None:
        return int(take["limit"])
    if live and row[0] != PromotionState.LIVE:
        return 0
    stands = row[COLUMNS[take["key"].split(":")[2]]]
    return int(take["limit"]) if stands is None else min(take["limit"], stands)
