"""Codes that a supplier sold us for one unit go into the vault, and from there to that unit."""

import json
from collections.abc import Sequence
from datetime import date, datetime

from django.db import IntegrityError, transaction

from core import transitions
from core.crypto import blind_index, seal
from core.tx import part
from fulfillment.codefiles.clean import clean
from fulfillment.codefiles.parse import Entry
from fulfillment.models import Attempt, Code, CodeBatch, CodeIssue
from fulfillment.models.code import NEVER, new_code_id
from fulfillment.services.reveal import code_context
from fulfillment.states import BatchState, CodeState
from fulfillment.suppliers.base import SuppliedCode


@part
def keep_supplied(
    *, attempt: Attempt, codes: Sequence[SuppliedCode], cost_minor: int, now: datetime
) -> bool:
    """Seal the one code of a purchase as sold to the attempt's delivery.

    False when it was ever in the vault before (R-SUP-9) or its date cannot be read: then nothing
    is kept and a person takes over. ``cost_minor`` is in minor units of the attempt's currency.
    """
    if len(codes) != 1:
        return False
    try:
        with transaction.atomic():
            return _keep(attempt, codes[0], cost_minor=cost_minor, now=now)
    except (IntegrityError, ValueError):
        return False


def _keep(attempt: Attempt, supplied: SuppliedCode, *, cost_minor: int, now: datetime) -> bool:
    delivery = attempt.delivery
    entry = Entry(clean(supplied.number), clean(supplied.secret))
    expires_on = date.fromisoformat(supplied.expires_on) if supplied.expires_on else NEVER
    batch = CodeBatch.objects.create(
        sku_id=delivery.sku_id,
        supplier=attempt.supplier,
        file_name=attempt.number,
        file_sha256="",
        cost_minor=cost_minor,
        currency=attempt.currency,
        state=BatchState.QUEUED,
        declared=1,
        accepted=1,
        counts={"accepted": 1},
        created_by=f"supplier:{attempt.supplier.code}",
        created_at=now,
    )
    for state in (BatchState.RUNNING, BatchState.FINISHED):
        transitions.move(
            CodeBatch,
            batch.pk,
            from_=[BatchState.QUEUED, BatchState.RUNNING],
            to=state,
            now=now,
            by="worker",
            why=attempt.number,
            finished_at=now,
        )
    code_id = new_code_id()
    code = Code.objects.create(
        id=code_id,
        sku_id=delivery.sku_id,
        batch=batch,
        sealed=seal(json.dumps([entry.number, entry.secret]), context=code_context(code_id)),
        index=blind_index("code", entry.identity),
        masked=entry.masked,
        state=CodeState.SOLD,
        expires_on=expires_on,
        held_by=delivery.reference,
        held_line=delivery.line,
        sold_at=now,
        channel=delivery.channel,
    )
    CodeIssue.objects.create(code=code, delivery=delivery, number=1, at=now)
    return True
