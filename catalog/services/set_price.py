"""Setting a price: the floor holds on every path, a hand-set price is locked against machines."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from catalog import snapshot
from catalog.audit_tags import PRICE_SET
from catalog.bundles.cost import cost_of
from catalog.models import Price, PriceList, Sku
from catalog.pricing import FloorBroken, check_floor
from core import audit
from core.money import format_minor
from core.tx import part


class PriceRefused(ValueError):
    """The price cannot be set; the message is translated and says why."""


class PriceLocked(PriceRefused):
    """The price was set by hand and an automatic change may not touch it."""


@part
def set_price(  # noqa: PLR0913  each argument is a part of the fact
    *,
    sku_id: int,
    price_list_id: int,
    amount_minor: int,
    now: datetime,
    acting: str,
    min_quantity: int = 1,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    by_hand: bool = False,
    note: str = "",
) -> bool:
    """Set what one unit of a SKU costs in a list; returns whether anything changed.

    `amount_minor` is minor units of the list's currency. Dates are aware: the start is included,
    the end is not. `by_hand` locks the row: later automatic changes raise PriceLocked, a person
    may set it again. Raises PriceRefused under the floor (cost or advertised minimum), for a
    negative amount, a quantity below one, or dates the wrong way round. Source: design.md, Floor.
    """
    sku = Sku.objects.select_for_update().get(pk=sku_id)
    price_list = PriceList.objects.get(pk=price_list_id)
    _refuse_nonsense(sku, price_list, amount_minor, min_quantity, starts_at, ends_at)
    row = Price.objects.filter(
        sku=sku, price_list=price_list, min_quantity=min_quantity, starts_at=starts_at
    ).first()
    if row is not None and row.is_locked and not by_hand:
        if row.amount_minor == amount_minor:
            return False
        raise PriceLocked(_("This price was set by hand and is left alone."))
    if row is not None and (row.amount_minor, row.ends_at, row.is_locked) == (
        amount_minor, ends_at, by_hand or row.is_locked,
    ):  # fmt: skip
        return False
    defaults = {
        "amount_minor": amount_minor,
        "currency": price_list.currency,
        "ends_at": ends_at,
        "is_locked": by_hand or bool(row and row.is_locked),
        "note": note,
    }
    place: dict[str, Any] = {"min_quantity": min_quantity, "starts_at": starts_at}
    made, _is_new = Price.objects.update_or_create(
        defaults, sku=sku, price_list=price_list, **place
    )
    _leave_trace(made, before=row, now=now, acting=acting)
    return True


def _leave_trace(row: Price, *, before: Price | None, now: datetime, acting: str) -> None:
    audit.record(
        tag=PRICE_SET,
        by=acting,
        subject=f"sku:{row.sku.public_id}",
        before=None if before is None else {"amount_minor": before.amount_minor},
        after={
            "amount_minor": row.amount_minor,
            "list": row.price_list.code,
            "from_quantity": row.min_quantity,
            "starts_at": row.starts_at and row.starts_at.isoformat(),
            "ends_at": row.ends_at and row.ends_at.isoformat(),
            "note": row.note,
        },
        now=now,
    )
    snapshot.changed()


def _refuse_nonsense(
    sku: Sku,
    price_list: PriceList,
    amount_minor: int,
    min_quantity: int,
    starts_at: datetime | None,
    ends_at: datetime | None,
) -> None:
    if amount_minor < 0 or min_quantity < 1:
        raise PriceRefused(_("A price is not negative and its quantity at least one."))
    if starts_at is not None and ends_at is not None and ends_at <= starts_at:
        raise PriceRefused(_("The price ends before it starts."))
    if price_list.currency != sku.currency:
        raise PriceRefused(_("The price list is in another currency than the SKU."))
    try:
        check_floor(
            amount_minor,
            cost_minor=cost_of(sku),
            advertised_minimum_minor=sku.advertised_minimum_minor,
        )
    except FloorBroken as broken:
        raise PriceRefused(
            _("%(price)s is under the floor of %(floor)s (cost or lowest advertised price).")
            % {
                "price": format_minor(broken.amount_minor, sku.currency),
                "floor": format_minor(broken.floor_minor, sku.currency),
            }
        ) from broken
