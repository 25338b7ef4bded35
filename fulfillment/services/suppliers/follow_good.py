"""Our offers follow what their supplier says: cost, stock, gone or back; then the shelf follows them.

Explained in the history: whoever asks why an offer pauses, costs more or has raised a price finds the
line that says so.
"""

from collections.abc import Sequence
from datetime import datetime

import structlog
from django.db import connection

from catalog.models import Channel, Price, Sku
from catalog.services.set_availability import set_availability
from catalog.services.set_cost import set_cost
from catalog.services.set_price import PriceRefused, set_price
from catalog.states import Availability, StockMode
from core import audit
from core.faults import guard_off
from core.tx import part, step
from fulfillment.models import CostRule, SupplierGood, SupplierOffer, SupplierSync, SupplyChange
from fulfillment.purchasing.cost_rise import Outcome, Rule, Standing, decide
from fulfillment.services.pool.count_availability import LOW
from fulfillment.services.wake_waiting import wake_waiting
from fulfillment.states import SupplierState

log = structlog.get_logger(__name__)
BY = "system:sync"


@part
def keep_list(*, supplier_id: int) -> None:
    """No page of this supplier's list is written before the transaction ends; taken before any offer.

    Else an offer that is being made and a page that is being read would not see each other.
    """
    rows = SupplierSync.objects.filter(supplier_id=supplier_id)
    if not guard_off("sync.keep_list"):
        list(rows.select_for_update(of=("self",)))


@part
def follow_goods(*, supplier_id: int, numbers: Sequence[str], now: datetime) -> int:
    """Let the offers of these goods follow; returns how many offers changed."""
    offers = list(
        SupplierOffer.objects.select_for_update(of=("self",))
        .select_related("supplier", "sku")
        .filter(supplier_id=supplier_id, supplier_sku__in=numbers)
        .order_by("id")
    )
    goods = {
        good.supplier_sku: good
        for good in SupplierGood.objects.filter(
            supplier_id=supplier_id, supplier_sku__in={offer.supplier_sku for offer in offers}
        )
    }
    # What no list speaks of is left as people set it.
    offers = [offer for offer in offers if offer.supplier_sku in goods]
    changed = [offer for offer in offers if _follow(offer, goods[offer.supplier_sku], now)]
    tell_shelf(sku_ids=sorted({offer.sku_id for offer in offers}), now=now)
    if any(not offer.paused_why for offer in changed):
        wake_waiting(supplier_code=changed[0].supplier.code, now=now)
    return len(changed)


def _follow(offer: SupplierOffer, good: SupplierGood, now: datetime) -> bool:
    outcome = _judge(offer, good, now)
    before = (offer.cost_minor, offer.max_cost_minor, offer.paused_why)
    after = (outcome.cost_minor, outcome.most_cost_minor, outcome.paused)
    if before == after:
        return False
    offer.cost_minor, offer.max_cost_minor, offer.paused_why = after
    offer.save(update_fields=["cost_minor", "max_cost_minor", "paused_why"])
    if before[:2] != after[:2]:
        _tell(offer, "taken", list(before[:2]), list(after[:2]), now)
    if before[2] != after[2]:
        what = "resumed" if not after[2] else "asked" if after[2] == "ask" else "paused"
        _tell(offer, what, before[2], after[2], now)
    audit.record(
        tag="offer:followed", by=BY, subject=f"offer:{offer.pk}", now=now,
        before=dict(zip(("cost_minor", "max_cost_minor", "paused"), before, strict=True)),
        after={
            **dict(zip(("cost_minor", "max_cost_minor", "paused"), after, strict=True)),
            "supplier_id": offer.supplier_id, "supplier_sku": offer.supplier_sku,
        },
    )  # fmt: skip
    return True


def _judge(offer: SupplierOffer, good: SupplierGood, now: datetime) -> Outcome:
    kept = Outcome(offer.cost_minor, offer.max_cost_minor)
    for absent, why in (
        (good.gone_at is not None, "gone"),
        (not good.on_sale, "off_sale"),
        (good.stock == 0, "no_stock"),
    ):
        if absent:
            return Outcome(kept.cost_minor, kept.most_cost_minor, why)
    if good.currency != offer.sku.currency:
        return Outcome(kept.cost_minor, kept.most_cost_minor, "cost")
    standing = Standing(
        offer.cost_minor, offer.max_cost_minor, offer.cost_locked, sale_price(offer.sku_id)
    )
    outcome = decide(good.cost_minor, standing, _rule(offer.sku_id))
    if outcome.price_minor is None or not offer.active:
        return outcome
    return _raise_price(offer, outcome, now)


def _raise_price(offer: SupplierOffer, outcome: Outcome, now: datetime) -> Outcome:
    """Set the higher price; where a person has locked it, a person is asked."""
    before = sale_price(offer.sku_id)
    try:
        set_price(
            sku_id=offer.sku_id, price_list_id=_price_list(), now=now, acting=BY,
            amount_minor=outcome.price_minor or 0, note=f"cost {outcome.cost_minor}",
        )  # fmt: skip
    except PriceRefused as refused:
        log.warning("price_not_raised", sku=offer.sku.code, why=str(refused))
        return Outcome(outcome.cost_minor, offer.max_cost_minor, "ask")
    _tell(offer, "price", before, outcome.price_minor, now)
    return outcome


def sale_price(sku_id: int) -> int | None:
    """What one unit costs in the main shop without any campaign, in minor units; None: no price."""
    row = Price.objects.filter(
        sku_id=sku_id, price_list_id=_price_list(), min_quantity=1, starts_at__isnull=True
    ).first()
    return row.amount_minor if row else None


@part
def tell_shelf(*, sku_ids: Sequence[int], now: datetime) -> int:
    """Cost and availability of SKUs that suppliers deliver, from the offers that can be bought now.

    Only SKUs of which a supplier's list says something. With no such offer it is sold out; its cost
    stays as it was. Returns how many availabilities changed.
    """
    changed = 0
    for sku in Sku.objects.filter(pk__in=sku_ids, stock_mode=StockMode.SUPPLIER).order_by("pk"):
        offers = SupplierOffer.objects.filter(
            sku=sku, active=True, supplier__state=SupplierState.ON
        )
        usable = [offer for offer in offers if not offer.paused_why]
        if usable:
            cheapest = min(offer.cost_minor for offer in usable)
            set_cost(sku_id=sku.pk, cost_minor=cheapest, now=now, acting=BY)
        word = _word(usable)
        changed += set_availability(sku_id=sku.pk, availability=word, now=now)
    return changed


DIFFERING = """
select s.id from catalog_sku s where s.stock_mode = 'supplier'
  and exists (select 1 from fulfillment_supplieroffer o join fulfillment_suppliergood g
    on g.supplier_id = o.supplier_id and g.supplier_sku = o.supplier_sku where o.sku_id = s.id)
  and (s.availability = 'out') <> not exists (
    select 1 from fulfillment_supplieroffer o join fulfillment_supplier p on p.id = o.supplier_id
    where o.sku_id = s.id and o.active and o.paused_why = '' and p.state = 'on')
order by s.id limit 500
"""


@step()
def mend_shelf(*, now: datetime) -> int:
    """The shelf of SKUs whose suppliers or offers were switched by people; how many were told."""
    with connection.cursor() as cursor:
        cursor.execute(DIFFERING)
        wrong = [row[0] for row in cursor.fetchall()]
    return tell_shelf(sku_ids=wrong, now=now) if wrong else 0


def _word(usable: Sequence[SupplierOffer]) -> Availability:
    if not usable:
        return Availability.OUT
    left = 0
    for offer in usable:
        good = SupplierGood.objects.filter(
            supplier_id=offer.supplier_id, supplier_sku=offer.supplier_sku
        ).first()
        if good is None or good.stock is None:
            return Availability.IN
        left += good.stock
    return Availability.LOW if left <= LOW else Availability.IN


def _rule(sku_id: int) -> Rule:
    row = CostRule.objects.filter(sku_id=sku_id).first()
    return Rule(row.act, row.margin_bp, row.most_price_minor) if row else Rule()


def _price_list() -> int:
    return Channel.objects.values_list("price_list_id", flat=True).get(is_default=True)


def _tell(offer: SupplierOffer, what: str, before: object, after: object, now: datetime) -> None:
    SupplyChange.objects.create(
        supplier_id=offer.supplier_id, supplier_sku=offer.supplier_sku, sku_id=offer.sku_id,
        what=what, before=before, after=after, at=now,
    )  # fmt: skip
