"""Who is asked next: the one place where routing will be decided."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from core import ledger, switches
from fulfillment.models import Attempt, Delivery, SupplierOffer
from fulfillment.postings import PREPAID
from fulfillment.queries.breaker import paused_until
from fulfillment.states import AttemptState, SupplierState

#: A unit is bought from at most this many offers (R-SUP, REJECTED).
MOST_OFFERS = 3
#: The answer of an attempt that the supplier provably never got: no refusal, but not for ever.
NEVER_ARRIVED = "never_arrived"
MOST_LOST = 3
#: The kill switch: off, nothing is bought anywhere; what is under way is still asked after.
PURCHASES = "supply.purchases"


@dataclass(frozen=True, slots=True)
class Choice:
    """An offer, or why there is none.

    ``no_offer`` nobody sells it · ``refused`` everybody said no, definitely · ``supplier_off``,
    ``breaker``, ``no_funds``, ``busy`` it may come back: wait.
    """

    offer: SupplierOffer | None
    why: str = ""


def choose_offer(delivery: Delivery, *, now: datetime) -> Choice:
    """The first active offer, by position, that has not refused this unit and can be paid.

    Offers that refused before ``delivery.retried_at`` are asked again. ``now`` is taken for the
    routing rules to come (hours, health).
    """
    offers = list(
        SupplierOffer.objects.filter(sku_id=delivery.sku_id, active=True)
        .select_related("supplier")
        .order_by("position", "id")
    )
    if not offers:
        return Choice(None, "no_offer")
    refused = _refused_by(delivery)
    left = [offer for offer in offers if offer.pk not in refused]
    if not left or len(refused) >= MOST_OFFERS:
        return Choice(None, "refused")
    why = ""
    for offer in left:
        obstacle = _obstacle(offer, delivery, now=now)
        if not obstacle:
            return Choice(offer)
        why = why or obstacle
    return Choice(None, why)


def _refused_by(delivery: Delivery) -> set[int]:
    attempts = Attempt.objects.filter(
        delivery=delivery, state__in=(AttemptState.REJECTED, AttemptState.FAILED)
    )
    if delivery.retried_at is not None:
        attempts = attempts.filter(created_at__gt=delivery.retried_at)
    answers = list(attempts.values_list("offer_id", "answer_code"))
    lost = Counter(offer for offer, code in answers if code == NEVER_ARRIVED)
    said_no = {offer for offer, code in answers if code != NEVER_ARRIVED}
    return said_no | {offer for offer, times in lost.items() if times >= MOST_LOST}


def _obstacle(offer: SupplierOffer, delivery: Delivery, *, now: datetime) -> str:
    supplier = offer.supplier
    if not switches.is_on(PURCHASES):
        return "supplier_off"
    if supplier.state != SupplierState.ON or not supplier.dialect:
        return "supplier_off"
    if paused_until(supplier.pk, now=now) is not None:
        return "breaker"
    under_way = Attempt.objects.filter(
        supplier=supplier, state=AttemptState.SENT, delivery__lease_until__gt=now
    ).exclude(delivery=delivery)
    if under_way.count() >= supplier.concurrency:
        return "busy"
    prepaid = ledger.balance(f"{PREPAID}:{supplier.code}", supplier.currency)
    return "" if prepaid >= offer.max_cost_minor else "no_funds"
