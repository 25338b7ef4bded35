"""Road, step 1 of a purchase: write down what will be bought, where and under which number."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings

from core import transitions
from core.ids import new_number
from core.leases import Lease
from core.tx import part, step
from fulfillment.models import Delivery
from fulfillment.routing.route import FULL, TOO_DEAR
from fulfillment.services.choose_offer import Choice, choose_offer
from fulfillment.services.give_up import give_up
from fulfillment.services.keep_decision import keep_decision
from fulfillment.services.lock_delivery import lock_delivery
from fulfillment.services.open_case import open_case
from fulfillment.services.take_call import take_call
from fulfillment.services.write_attempt import write_attempt
from fulfillment.states import OPEN_ATTEMPT, AttemptState, DeliveryState
from fulfillment.suppliers.ladder import Patience

#: Kinds that a supplier's interface can bring; the others are a person's work.
BOUGHT_KINDS = frozenset({"pool", "topup", "membership"})
#: Attempts beside which another would be a second purchase.
LIVE = frozenset({*OPEN_ATTEMPT, AttemptState.SUCCEEDED})
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
    asked = list(delivery.attempts.order_by("-id").values_list("state", "answer_code"))
    if any(state in LIVE for state, _answer in asked):
        return False
    if delivery.kind not in BOUGHT_KINDS:
        return _to_person(delivery, "manual", now=now)
    if _out_of_reach(delivery, asked, now=now):
        give_up(delivery=delivery, reason=OUT_OF_REACH, now=now, by="worker")
        return False
    choice = choose_offer(delivery, now=now)
    if not choice.why and _begin(delivery, choice, now=now):
        return True
    return _without_offer(delivery, choice, now=now)


def _begin(delivery: Delivery, choice: Choice, *, now: datetime) -> bool:
    """The first offer whose call can be taken, written down as a purchase; False when all are full."""
    number = new_number("Q")
    for chosen in choice.ready:
        supplier, probe = choice.supplier(chosen), choice.is_probe(chosen)
        turn = take_call(supplier=supplier, holder=number, probing=probe, now=now)
        if turn is None:
            continue
        return write_attempt(
            delivery=delivery, route=choice.route, chosen=chosen, number=number, turn=turn,
            probe=probe, now=now,
        )  # fmt: skip
    return False


def _without_offer(delivery: Delivery, choice: Choice, *, now: datetime) -> bool:
    why = choice.why or "busy"
    keep_decision(delivery=delivery, route=choice.route, why=why, now=now)
    if why == "no_offer" or why in TOO_DEAR:
        return _to_person(delivery, why, now=now)
    if why == "refused":
        give_up(delivery=delivery, reason=_last_refusal(delivery), now=now, by="worker")
        return False
    return pause_for_supplier(delivery, why, now=now, until=_earliest(choice))


def _earliest(choice: Choice) -> datetime | None:
    """When the first of the obstacles is over, as far as that is known."""
    return min((one.until for one in choice.route.considered if one.until), default=None)


@part
def go_on_or_pause(delivery: Delivery, why: str, *, now: datetime) -> bool:
    """After a purchase that never left: True when another offer can be asked at once, else pause."""
    if choose_offer(delivery, now=now).ready:
        Delivery.objects.filter(pk=delivery.pk).update(not_before=now)
        return True
    return pause_for_supplier(delivery, why, now=now)


def pause_for_supplier(
    delivery: Delivery, why: str, *, now: datetime, until: datetime | None = None
) -> bool:
    """Nothing was bought and nobody can be asked now: pause, at the latest to ``until``.

    After half an hour a person is asked; not for a supplier that is only busy (the unit has its
    place in the queue), and one out of reach is given up by the next visit.
    """
    patience = Patience(settings.SUPPLY_TIME_SCALE)
    since = delivery.retried_at or delivery.created_at
    late = (now - since).total_seconds() >= patience.give_up_seconds
    if late and why not in (OUT_OF_REACH, *FULL):
        return _to_person(delivery, why, now=now)
    tries = 0 if why in FULL else delivery.tries
    due = now + timedelta(seconds=patience.retry_seconds(tries=tries))
    if until is not None and until > now:
        due = min(due, until)
    Delivery.objects.filter(pk=delivery.pk).update(reason=why, not_before=due)
    return False


def _out_of_reach(delivery: Delivery, asked: Sequence[tuple[str, str]], *, now: datetime) -> bool:
    """Half an hour of purchases that provably never left: nothing was bought, nobody answers."""
    if not asked or asked[0] != (AttemptState.NOT_SENT, "not_sent"):
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
