"""Tell outside channels how their orders ended, again and again until they say that they heard.

The call goes out between two transactions; the row is its own queue. A push is a hint to whoever
hears it: the signed query says the same.
"""

from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db.models import Q

from core import audit, http, leases, transitions
from core.crypto import CannotUnseal
from core.each import each, turns
from core.outside import Inside, look_before, outward
from core.tx import step
from distribution.marketplaces.dialect import result_form
from distribution.marketplaces.shown import shown_order
from distribution.models import MarketPush
from distribution.services.admit_market import speaker_of
from distribution.states import PushState

log = structlog.get_logger(__name__)

PUSH_TASK = "distribution.push_results"
# Seconds from one try to the next; after the last the push is given up and people are told.
LADDER = (5, 15, 30, 60, 300, 900, 3600, 10_800, 21_600, 43_200)
# A channel that answers slowly keeps a worker no longer than this.
CONNECT_SECONDS, TOTAL_SECONDS = 3.0, 8.0
LARGEST_ACK = 4096
OK = 200


def push_results(*, now: datetime, limit: int = 50) -> int:
    """Send due results one by one. Returns how many were taken up."""
    return each(lambda _: push_result(now=now), turns(limit), name="push_result", while_true=True)


def push_result(*, now: datetime, push: str = "") -> bool:
    """Send the most overdue result (or the named one) that nobody holds; False when none is."""
    where = Q(state=PushState.WAITING)
    where &= Q(public_id=push) if push else Q(not_before__isnull=False)
    claimed = leases.claim(
        MarketPush, where=where, limit=1, seconds=settings.LEASE_SECONDS + TOTAL_SECONDS, now=now
    )
    if not claimed:
        return False
    row = MarketPush.objects.select_related("order__marketplace__channel").get(pk=claimed[0].pk)
    said = _send(row, now)
    _record(row, claimed[0], said, now)
    return True


def _send(row: MarketPush, now: datetime) -> str:
    """Empty when the channel acknowledged; else what it did instead."""
    market = row.order.marketplace
    key = market.keys.filter(is_active=True).order_by("-id").first()
    if key is None or not market.callback_url:
        return "no_key_or_address"
    try:
        speech, secret = speaker_of(key)
    except CannotUnseal:
        return "key_cannot_be_opened"
    told = shown_order(row.order, account="") | {"orderStatus": row.result}
    form = result_form(told, speech=speech, key_id=key.public_id, secret=secret, now=now)
    try:
        look_before(market.callback_url)
        with outward():
            reply = http.call(
                "POST", market.callback_url, name=f"push:{market.code}", content=form,
                headers={"Content-Type": "application/x-www-form-urlencoded"},
                connect=CONNECT_SECONDS, read=TOTAL_SECONDS, total=TOTAL_SECONDS,
                max_bytes=LARGEST_ACK,
            )  # fmt: skip
    except (http.NotSent, Inside):
        return "not_reached"
    except http.Unclear:
        return "no_answer"
    if reply.status != OK:
        return f"status_{reply.status}"
    heard = reply.body.decode("ascii", "replace").strip().lower()
    return "" if heard == speech.ack else "other_word"


@step()
def _record(row: MarketPush, lease: leases.Lease, said: str, now: datetime) -> None:
    held = MarketPush.objects.select_for_update().filter(pk=row.pk, lease_token=lease.token)
    if not held.filter(state=PushState.WAITING).exists():
        return
    if not said:
        _end(row, PushState.ACKNOWLEDGED, now)
        return
    if row.tries > len(LADDER):
        log.error("market_push_given_up", push=row.public_id, tries=row.tries, why=said)
        _end(row, PushState.DEAD, now, why=said)
        return
    again = now + timedelta(seconds=LADDER[row.tries - 1])
    MarketPush.objects.filter(pk=row.pk).update(
        not_before=again, lease_until=None, lease_token="", last_error=said
    )


def _end(row: MarketPush, to: PushState, now: datetime, why: str = "") -> None:
    transitions.move(
        MarketPush, row.pk, from_=[PushState.WAITING], to=to, now=now, by="worker", why=why,
        state_at=now, not_before=None, lease_until=None, lease_token="", last_error=why,
    )  # fmt: skip


@step()
def push_again(*, push: str, by: str, now: datetime) -> bool:
    """Put a result in the queue once more because an operator asks for it; False when it waits."""
    row = MarketPush.objects.select_for_update().get(public_id=push)
    moved = transitions.move(
        MarketPush, row.pk, from_=[PushState.ACKNOWLEDGED, PushState.DEAD], to=PushState.WAITING,
        now=now, by=by, why="again", state_at=now, not_before=now, tries=0, last_error="",
    )  # fmt: skip
    if moved:
        audit.record(tag="market:pushed_again", by=by, subject=push, now=now)
    return moved
