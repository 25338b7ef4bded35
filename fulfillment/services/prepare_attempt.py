"""Road, step 1 of a purchase: write down what will be bought, where and under which number."""

from datetime import datetime, timedelta

from django.conf import settings

from core import transitions
from core.ids import new_number
from core.leases import Lease
from core.tx import step
from fulfillment.models import Attempt, Delivery
from fulfillment.services.choose_offer import choose_offer
from fulfillment.services.give_up import give_up
from fulfillment.services.lock_delivery import lock_delivery
from fulfillment.services.open_case import open_case
from fulfillment.states import OPEN_ATTEMPT, AttemptState, DeliveryState
from fulfillment.suppliers.ladder import Patience

#: Kinds that a supplier's interface can bring; the others are a person's work.
BOUGHT_KINDS = frozenset({"pool", "topup", "membership"})
#: The supplier could not be connected to; nothing was bought, so giving up needs no person.
OUT_OF_REACH = "out_of_reach"


@step()
def prepare_attempt(*, lease: Lease, now: datetime) -> bool:
    """Choose an offer and commit the attempt as ``prepared``. True when there is one to send.

    Otherwise the unit waits, fails definitely, or goes to a person. While any attempt is open
    nothing is prepared; the database refuses a second live attempt besides (INV-D5).
    """
    delivery = lock_delivery(pk=lease.pk, lease=lease)
    if delivery is None or delivery.state != DeliveryState.PENDING:
        return False
    if Attempt.objects.filter(
        delivery=delivery, state__in=[*OPEN_ATTEMPT, AttemptState.SUCCEEDED]
    ).exists():
        return False
    if delivery.kind not in BOUGHT_KINDS:
        return _to_person(delivery, "manual", now=now)
    if _out_of_reach(delivery, now=now):
        give_up(delivery=delivery, reason=OUT_OF_REACH, now=now, by="worker")
        return False
    choice = choose_offer(delivery, now=now)
    if choice.offer is None:
        return _without_offer(delivery, choice.why, now=now)
    attempt = Attempt.objects.create(
        delivery=delivery,
        supplier=choice.offer.supplier,
        offer=choice.offer,
        number=new_number("Q"),
        supplier_sku=choice.offer.supplier_sku,
        max_cost_minor=choice.offer.max_cost_minor,
        currency=choice.offer.supplier.currency,
        created_at=now,
    )
    transitions.begin(
        entity="attempt",
        subject=attempt.public_id,
        state=AttemptState.PREPARED,
        now=now,
        by="worker",
        why=choice.offer.supplier.code,
    )
    return True


def _without_offer(delivery: Delivery, why: str, *, now: datetime) -> bool:
    if why == "no_offer":
        return _to_person(delivery, why, now=now)
    if why == "refused":
        give_up(delivery=delivery, reason=_last_refusal(delivery), now=now, by="worker")
        return False
    return pause_for_supplier(delivery, why, now=now)


def pause_for_supplier(delivery: Delivery, why: str, *, now: datetime) -> bool:
    """Nothing was bought and nobody can be asked now: pause.

    After half an hour a person is asked; a supplier out of reach is given up by the next visit.
    """
    patience = Patience(settings.SUPPLY_TIME_SCALE)
    since = delivery.retried_at or delivery.created_at
    late = (now - since).total_seconds() >= patience.give_up_seconds
    if late and why != OUT_OF_REACH:
        return _to_person(delivery, why, now=now)
    pause = timedelta(seconds=patience.retry_seconds(tries=delivery.tries))
    Delivery.objects.filter(pk=delivery.pk).update(reason=why, not_before=now + pause)
    return False


def _out_of_reach(delivery: Delivery, *, now: datetime) -> bool:
    """Half an hour of purchases that provably never left: nothing was bought, nobody answers."""
    last = delivery.attempts.order_by("-id").first()
    if last is None or last.state != AttemptState.NOT_SENT or last.answer_code != "not_sent":
        return False
    patience = Patience(settings.SUPPLY_TIME_SCALE)
    since = delivery.retried_at or delivery.created_at
    return (now - since).total_seconds() >= patience.give_up_seconds


def _to_person(delivery: Delivery, why: str, *, now: datetime) -> bool:
    transitions.move(
        Delivery,
        delivery.pk,
        from_=[DeliveryState.PENDING],
        to=DeliveryState.MANUAL,
        now=now,
        by="worker",
        why=why,
        reason=why,
        not_before=None,
    )
    open_case(delivery=delivery, attempt=None, why=why, now=now)
    return False


def _last_refusal(delivery: Delivery) -> str:
    last = delivery.attempts.order_by("-id").first()
    return (last.answer_code.lower() if last and last.answer_code else "refused")[:40]
