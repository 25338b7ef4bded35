"""Part of road step 3: a unit of a flash sale for an order, and late money asking for one again.

Units are rows cut beforehand: orders pass each other's locked rows, so none waits for another.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import OperationalError, connection, transaction
from django.utils.translation import gettext as _

from core.faults import guard_off
from core.tx import part
from fulfillment.services.set_apart import let_one_go
from orders.models import FlashSale, PromotionUse
from orders.promotions.values import Used
from orders.services.limit_reached import LimitReached

PREFIX = "fls_"
LOCK_NOT_AVAILABLE = "55P03"
WAIT_FOR_LOCK = "500ms"

TAKE = """
with free as materialized (
    select u.id from orders_flashunit u join orders_flashsale s on s.id = u.sale_id
    where s.public_id = %(sale)s and s.state in ('scheduled', 'live') and u.state = 'free'
    limit 1 {lock})
update orders_flashunit as unit set state = 'held',
    order_id = (select id from orders_order where public_id = %(order)s)
from free where unit.id = free.id {still}
"""
SKIPPING = TAKE.format(lock="for update of u skip locked", still="and unit.state = 'free'")
WAITING = TAKE.format(lock="for update of u", still="and unit.state = 'free'")
# Only for the negative control of the race test: what looks free is taken, whoever has it by now.
UNGUARDED = TAKE.format(lock="", still="")


class FlashSoldOut(LimitReached):
    """No unit of the sale is left, or it is over."""


@part
def take_flash(*, order: str, uses: Sequence[Used], now: datetime) -> None:
    """Take a unit for every flash sale that made the order cheaper (one sale, one unit).

    What stock was set apart for that unit is let go in this transaction, for the hold that follows.
    Raises FlashSoldOut; the caller rolls back. Source: M3, D01, R-STK-1.
    """
    for sale in (used.rule for used in uses if used.rule.startswith(PREFIX)):
        _take(order, sale, now)


@part
def take_flash_again(order_pk: int) -> None:
    """Late money: the order asks for a unit as if it were new. Raises FlashSoldOut."""
    uses = PromotionUse.objects.filter(order_id=order_pk, rule__startswith=PREFIX)
    for order, sale, at in uses.values_list("order__public_id", "rule", "order__expires_at"):
        _take(order, sale, at)


def _take(order: str, sale: str, now: datetime) -> None:
    first = UNGUARDED if guard_off("orders.flash") else SKIPPING
    if not (_run(first, order, sale) or _wait(order, sale)):
        raise FlashSoldOut(_("Every unit of this sale is taken."))
    sku_id = FlashSale.objects.values_list("sku_id", flat=True).get(public_id=sale)
    let_one_go(reference=sale, sku_id=sku_id, now=now)


def _wait(order: str, sale: str) -> bool:
    """Rows that were passed over come free when their transaction rolls back."""
    mark = transaction.savepoint()
    try:
        with connection.cursor() as cursor:
            cursor.execute("select current_setting('lock_timeout')")
            (before,) = cursor.fetchone()
            cursor.execute("select set_config('lock_timeout', %s, true)", [WAIT_FOR_LOCK])
            taken = _run(WAITING, order, sale)
            cursor.execute("select set_config('lock_timeout', %s, true)", [before])
    except OperationalError as error:
        transaction.savepoint_rollback(mark)
        if getattr(error.__cause__, "sqlstate", "") == LOCK_NOT_AVAILABLE:
            return False
        raise
    transaction.savepoint_commit(mark)
    return taken


def _run(statement: str, order: str, sale: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"order": order, "sale": sale})
        return int(cursor.rowcount) == 1
