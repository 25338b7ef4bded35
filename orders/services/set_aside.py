"""Money that a provider says it has and that does not fit: kept as a fact that people settle.

`book_asides.py` brings it into the ledger as money that pays for nothing. Two persons settle it
(`two_persons.py`) after they have sent it back at the provider, or confirm the payment by hand.
"""

import json
from datetime import datetime

import structlog

from core.crypto import sha256_hex
from core.ids import new_id
from core.tx import part
from orders.models import Notice, Payment
from orders.models.notice import Outcome, Verdict

log = structlog.get_logger(__name__)


@part
def set_aside(
    *, payment: Payment, verdict: Verdict, amount_minor: int, currency: str, txn: str, now: datetime
) -> bool:
    """Keep the claim as a quarantined notice, once. True when it was not known yet.

    `amount_minor` and `currency` are what the provider says, in minor units.
    """
    said = {
        "number": payment.number,
        "amount_minor": amount_minor,
        "currency": currency,
        "txn": txn,
    }
    body = json.dumps(said, sort_keys=True).encode()
    fact, is_new = Notice.objects.get_or_create(
        provider=payment.provider,
        dedupe=f"{verdict}:{payment.number}:{sha256_hex(body)[:32]}",
        defaults={
            "public_id": new_id("ntc"), "received_at": now, "size": len(body), "body": body,
            "verified": True, "verdict": verdict, "payment": payment, "provider_txn": txn[:64],
            "amount_minor": amount_minor, "outcome": Outcome.QUARANTINED, "processed_at": now,
        },
    )  # fmt: skip
    if is_new:
        log.error(
            "money_set_aside", payment=payment.public_id, notice=fact.public_id, verdict=verdict
        )
    return is_new
