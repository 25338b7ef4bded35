"""An inbound message from a supplier: the fact first, in its own commit, then what it proves."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from core import limits, wake
from core.faults import crashpoint
from core.tx import step
from fulfillment.models import Attempt, Delivery, Supplier, SupplierEvent
from fulfillment.services import land
from fulfillment.services.ask_again import ask_soon
from fulfillment.services.queue_deliveries import DRIVE_TASK
from fulfillment.services.recheck_ended import recheck_ended
from fulfillment.services.record_answer import note_answer, settle_answer
from fulfillment.services.suppliers.connect_supplier import (
    NotReady,
    connect_supplier,
    purchase_of,
)
from fulfillment.states import AttemptState
from fulfillment.suppliers.base import Acknowledgement, Callback, Purchase, Strength, Verdict

#: Unverified messages of one supplier that are still written down, per minute.
KEPT_FORGERIES_PER_MINUTE = 30
#: What a strong signature proves alone (2.3); a failure is confirmed by query first.
FACTS = frozenset({Verdict.SUCCEEDED, Verdict.REVERSED})


class NoSuchSupplier(LookupError):
    """Nobody of that code may call us."""


def receive_callback(
    *, supplier_code: str, headers: Mapping[str, str], body: bytes, now: datetime
) -> Acknowledgement:
    """Verify, store and act on one message; the answer is sent after everything is committed.

    Only a strong signature over a final success delivers by itself; whatever else it says, the
    signed query decides, also when a purchase that had failed is said to have succeeded. Repeats
    are one fact, and are settled again in case the first copy's process died in between.
    Raises NoSuchSupplier.
    """
    supplier = Supplier.objects.filter(code=supplier_code).first()
    if supplier is None:
        raise NoSuchSupplier(supplier_code)
    try:
        link = connect_supplier(supplier)
    except NotReady:
        raise NoSuchSupplier(supplier_code) from None
    found: dict[str, Attempt] = {}
    callback = link.adapter.read_callback(
        link.connection,
        headers=headers,
        body=body,
        now=now,
        find=lambda number: _purchase(supplier, number, found),
    )
    attempt = found.get(callback.merchant_no)
    fresh = False
    if callback.verified or _keep_forgery(supplier, now=now):
        heard = note_answer(
            supplier_id=supplier.pk,
            attempt_id=attempt.pk if attempt else None,
            number=callback.merchant_no,
            # What a weak signature says is kept as a hint: it proves nothing by itself.
            answer=replace(
                callback.answer,
                trusted=callback.verified and callback.strength is Strength.STRONG,
            ),
            source=SupplierEvent.Source.CALLBACK,
            now=now,
            dedupe_key=callback.dedupe_key,
        )
        fresh = heard.fresh
    crashpoint("CP01")
    if callback.verified and attempt is not None and (fresh or attempt.closed_at is None):
        _act(attempt, callback, supplier=supplier, now=now)
    return link.adapter.acknowledge(link.connection, accepted=callback.verified)


def _purchase(supplier: Supplier, number: str, found: dict[str, Attempt]) -> Purchase | None:
    attempt = (
        Attempt.objects.filter(supplier=supplier, number=number)
        .select_related("delivery", "supplier", "offer")
        .first()
    )
    if attempt is None:
        return None
    found[number] = attempt
    return purchase_of(attempt)


def _act(attempt: Attempt, callback: Callback, *, supplier: Supplier, now: datetime) -> None:
    proved = callback.strength is Strength.STRONG and callback.answer.verdict in FACTS
    if proved:
        settle_answer(
            attempt_id=attempt.pk,
            answer=callback.answer,
            lease=None,
            by=f"supplier:{supplier.code}",
            now=now,
        )
    elif not ask_by_query(attempt_id=attempt.pk, now=now):
        if callback.answer.verdict is Verdict.SUCCEEDED:
            recheck_ended(attempt=attempt, by=f"supplier:{supplier.code}", now=now)
        return
    wake.poke(DRIVE_TASK)


@step()
def ask_by_query(*, attempt_id: int, now: datetime) -> bool:
    """Make the query due now. False for an attempt that is over and was never a success."""
    attempt = Attempt.objects.select_related("delivery").get(pk=attempt_id)
    Delivery.objects.select_for_update().get(pk=attempt.delivery_id)
    askable = (*land.UNSETTLED, AttemptState.SUCCEEDED)
    if attempt.state not in askable:
        return False
    return ask_soon(attempt, now=now)


def _keep_forgery(supplier: Supplier, *, now: datetime) -> bool:
    return limits.hit(
        f"supplier_forgery:{supplier.code}", limit=KEPT_FORGERIES_PER_MINUTE, seconds=60, now=now
    )
