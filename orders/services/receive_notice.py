"""Road, step 5: a provider tells us something. Kept first, believed or not; then acted upon.

Before: `start_payment.py`. Next: `confirm_payment.py`. The answer goes out after its commit.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import astuple, dataclass, replace
from datetime import datetime

import structlog
from django.db import IntegrityError

from core import limits
from core.faults import crashpoint
from orders.models import Notice, Payment, Refund
from orders.models.notice import QUARANTINE, Outcome, Verdict
from orders.payments import registry
from orders.payments.base import About, NotBelieved, RefundAnswer, Return, Told
from orders.queries.notices import Incoming, Kept, keep_notice
from orders.services.confirm_payment import Mismatch, Receipt, Result, confirm_payment
from orders.services.push_refund import record_refund_answer
from risk.values import ip_key

log = structlog.get_logger(__name__)

LARGEST_BODY = 64 * 1024
# Forged messages are kept, but nobody may fill our disk with them.
KEPT_OF_FORGED = 4 * 1024
FORGED_AN_HOUR = 600
HEADER_LENGTH = 200
KEPT_HEADERS = ("Content-Type", "User-Agent")
REFUND_SAID = {"succeeded": Return.SUCCEEDED, "failed": Return.FAILED}
STATUS_OF = {Verdict.TOO_LARGE: 413, Verdict.UNKNOWN_NUMBER: 404}


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back to the provider. Only `done` keeps it from telling us again."""

    status: int
    body: str
    content_type: str


def receive_notice(
    *,
    provider: str,
    body: bytes,
    size: int,
    headers: Mapping[str, str],
    ip: str,
    now: datetime,
) -> Reply:
    """Keep a notice with its verdict, act on a genuine one, then answer.

    `body` is at most LARGEST_BODY bytes of the `size` that came. Nothing unverified has an effect
    and nothing raises: every forgery is answered with a 4xx. Raises KeyError for an unknown
    provider. Source: R-PAY-1..5; crash points CP01, CP03.
    """
    adapter = registry.get(provider)
    incoming, told = _read(provider, body, size, headers, ip, now)
    kept = _keep(incoming, now)
    if kept is None:
        return _reply(provider, 503 if incoming.verified else 400, done=False)
    crashpoint("CP01")
    done = _act(provider, told, incoming, kept, now)
    crashpoint("CP03")
    status = 200 if done else STATUS_OF.get(Verdict(incoming.verdict), 400)
    if incoming.verified and not done:
        status = STATUS_OF.get(Verdict(kept.verdict), 409)
    text, content_type = adapter.reply(done=done)
    return Reply(status, text, content_type)


def _reply(provider: str, status: int, *, done: bool) -> Reply:
    text, content_type = registry.get(provider).reply(done=done)
    return Reply(status, text, content_type)


def _read(
    provider: str, body: bytes, size: int, headers: Mapping[str, str], ip: str, now: datetime
) -> tuple[Incoming, Told | None]:
    shown = {name: headers[name][:HEADER_LENGTH] for name in KEPT_HEADERS if name in headers}
    digest = hashlib.sha256(body + size.to_bytes(8)).hexdigest()
    told, verdict = None, Verdict.TOO_LARGE.value
    if size <= LARGEST_BODY:
        try:
            told = registry.get(provider).read_notice(body, headers, now=now)
            verdict = _verdict_of(told)
        except NotBelieved as reason:
            verdict = reason.verdict
    if told is None:
        signed = verdict == Verdict.WRONG_MERCHANT
        forged = Incoming(
            provider=provider, dedupe=f"sha256:{digest}", body=body[:KEPT_OF_FORGED], size=size,
            headers=shown, ip=ip, verified=signed, verdict=verdict,
        )  # fmt: skip
        return forged, None
    # A stale message never stands in for the fresh one: the provider signs each try anew.
    dedupe = f"sha256:{digest}" if told.stale else _said(told)
    paid = told.about == About.PAYMENT
    return (
        Incoming(
            provider=provider, dedupe=dedupe, body=body, size=size, headers=shown, ip=ip,
            verified=True, verdict=verdict, number=told.number,
            # Only money that came: whatever is set aside with an amount is booked as received.
            amount_minor=told.amount_minor if paid else None,
            currency=told.currency, txn=told.txn, about_payment=paid,
        ),
        told,
    )  # fmt: skip


def _said(told: Told) -> str:
    """Equal for two messages that say the same. Their id alone would let one that says something
    else, rightly signed, stand in for the one we must act upon.
    """
    text = json.dumps(astuple(replace(told, stale=False)))
    return f"said:{hashlib.sha256(text.encode()).hexdigest()}"


def _verdict_of(told: Told) -> str:
    if told.stale:
        return Verdict.STALE.value
    if told.about == About.PAYMENT and told.status != "succeeded":
        return Verdict.NOT_PAID.value
    return Verdict.GENUINE.value


def _keep(incoming: Incoming, now: datetime) -> Kept | None:
    if not incoming.verified and not _room_for_forged(incoming, now):
        return None
    # A copy that was being written while we looked is there the second time.
    kept = keep_notice(incoming, now=now) or keep_notice(incoming, now=now)
    if kept and kept.is_new and kept.verdict != Verdict.GENUINE:
        loud = log.error if kept.verdict in QUARANTINE else log.warning
        loud("notice_refused", provider=incoming.provider, verdict=kept.verdict)
    return kept


def _room_for_forged(incoming: Incoming, now: datetime) -> bool:
    key = f"notice:{incoming.provider}:{ip_key(incoming.ip)}"
    return limits.hit(key, limit=FORGED_AN_HOUR, seconds=3600, now=now)


def _act(provider: str, told: Told | None, incoming: Incoming, kept: Kept, now: datetime) -> bool:
    """Whether the provider may stop telling us."""
    if told is None:
        return False
    if kept.verdict == Verdict.STALE:
        # An old message that we acted upon when it was fresh is answered as before.
        return _known_before(provider, told)
    if kept.verdict == Verdict.NOT_PAID:
        _ask_soon(told.number, now)
        return True
    if kept.verdict != Verdict.GENUINE:
        return False
    if kept.outcome != Outcome.PENDING:
        return kept.outcome in {Outcome.APPLIED, Outcome.IGNORED}
    return process_notice(kept.pk, told, provider=provider, now=now)


def process_notice(pk: int, told: Told, *, provider: str, now: datetime) -> bool:
    """Act on a kept, genuine notice. Whether it is done with; safe to repeat."""
    if told.about == About.REFUND:
        return _refund_told(pk, told, now)
    receipt = Receipt(provider, told.number, told.amount_minor, told.currency, told.txn)
    try:
        confirmed = confirm_payment(
            receipt=receipt, now=now, acting=f"provider:{provider}", notice=pk
        )
    except (Mismatch, IntegrityError) as error:
        log.error("notice_quarantined", provider=provider, error=type(error).__name__)  # noqa: TRY400  an outcome, not a fault
        _finish(pk, Outcome.QUARANTINED, now)
        return False
    if confirmed.result in {Result.ALREADY, Result.CHARGED_TWICE}:
        _finish(pk, Outcome.IGNORED, now)
    return True


def _refund_told(pk: int, told: Told, now: datetime) -> bool:
    row = Refund.objects.filter(number=told.refund_number, payment__number=told.number).first()
    if row is None:
        _finish(pk, Outcome.QUARANTINED, now)
        log.error("notice_of_unknown_refund", number=told.refund_number)
        return False
    answer = RefundAnswer(
        REFUND_SAID.get(told.status, Return.UNKNOWN), told.amount_minor, told.currency, told.txn
    )
    record_refund_answer(
        refund=row.public_id, number=told.refund_number, answer=answer, now=now
    )  # fmt: skip
    _finish(pk, Outcome.APPLIED, now)
    return True


def _finish(pk: int, outcome: Outcome, now: datetime) -> None:
    """Only a notice that is still pending: applied ones were marked in their own transaction."""
    Notice.objects.filter(pk=pk, outcome=Outcome.PENDING).update(outcome=outcome, processed_at=now)


def _known_before(provider: str, told: Told) -> bool:
    return Notice.objects.filter(
        provider=provider,
        dedupe=_said(told),
        verdict__in=[Verdict.GENUINE, Verdict.NOT_PAID],
        outcome__in=[Outcome.APPLIED, Outcome.IGNORED],
    ).exists()


def _ask_soon(number: str, now: datetime) -> None:
    """The provider says a payment ended without money; the poller asks it again to be sure."""
    Payment.objects.filter(number=number, not_before__gt=now).update(not_before=now)
