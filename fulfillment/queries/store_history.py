"""What a store has redeemed, page by page, for its tills."""

from typing import Any

from fulfillment.models import Redemption
from fulfillment.queries.naming import names_of
from fulfillment.redemption import ClerkView


def history_of(till: ClerkView, *, before: str, limit: int) -> dict[str, Any]:
    """`limit` uses and undoes of the till's store, newest first, earlier than the row `before`.

    Amounts are minor units of the row's currency. `next` names the row to go on from, if any.
    """
    rows = Redemption.objects.filter(store_id=till.store_pk).order_by("-id")
    if before:
        since = Redemption.objects.filter(public_id=before, store_id=till.store_pk).values("pk")
        rows = rows.filter(pk__lt=since)
    found = list(rows.select_related("entitlement", "voucher", "undo_of")[: limit + 1])
    shown = found[:limit]
    return {
        "store": till.store,
        "items": [_item(row) for row in shown],
        "next": shown[-1].public_id if len(found) > limit else None,
    }


def _item(row: Redemption) -> dict[str, Any]:
    title, title_en = names_of(row.entitlement.sku_id)
    return {
        "redemption": row.public_id,
        "kind": row.kind,
        "undo_of": row.undo_of.public_id if row.undo_of else None,
        "title": title,
        "title_en": title_en,
        "masked": row.voucher.masked,
        "uses": row.uses,
        "amount_minor": row.amount_minor,
        "share_minor": row.share_minor,
        "currency": row.currency,
        "actor": row.actor,
        "at": row.at,
    }
