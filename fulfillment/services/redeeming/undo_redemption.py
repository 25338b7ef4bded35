"""Take a use of a voucher back: by who scanned it while the window is open, later by two persons."""

import dataclasses
import json
from datetime import datetime

from core import approvals, audit, outbox
from core.hot import hot_cursor
from core.ids import new_id
from core.models import Approval
from core.outbox import topic_of
from core.tx import part, step
from fulfillment import events, postings
from fulfillment.models import ClerkRole, Redemption, RedemptionKind
from fulfillment.queries.clerks import is_on
from fulfillment.queries.naming import names_of
from fulfillment.redemption import ClerkView, Redeemed, RedeemRefused, Refusal
from fulfillment.states import EntitlementState

ACTION = "redemptions.undo"
LONGEST_NONCE = 64

UNDO = """
with back as (
    update fulfillment_entitlement as e
    set uses_left = e.uses_left + %(uses)s::int,
        amount_left_minor = e.amount_left_minor + %(amount)s::bigint,
        state = case e.state when 'exhausted' then 'active' else e.state end
    where e.id = %(entitlement)s::bigint and e.state <> 'revoked'
        and coalesce(e.uses_left + %(uses)s::int <= e.uses_total, true)
        and coalesce(e.amount_left_minor + %(amount)s::bigint <= e.amount_total_minor, true)
    returning e.id, e.public_id, old.state as was, e.state as became, e.uses_left,
        e.amount_left_minor),
undo as (
    insert into fulfillment_redemption (public_id, kind, entitlement_id, voucher_id, merchant_id,
        store_id, actor, nonce, uses, amount_minor, share_minor, currency, uses_left,
        amount_left_minor, undo_of_id, why, reference, channel, at)
    select %(undo)s, 'undo', u.entitlement_id, u.voucher_id, u.merchant_id, u.store_id, %(actor)s,
        %(nonce)s, u.uses, u.amount_minor, u.share_minor, u.currency, back.uses_left,
        back.amount_left_minor, u.id, %(why)s::text, u.reference, u.channel, %(now)s::timestamptz
    from back join fulfillment_redemption u on u.id = %(use)s::bigint
    on conflict do nothing returning id),
event as (
    insert into core_outboxevent (topic, payload, created_at, not_before, tries, last_error)
    select %(topic)s, %(payload)s::jsonb, %(now)s::timestamptz, %(now)s::timestamptz, 0, ''
    from undo),
history as (
    insert into core_statechange (entity, subject, was, became, at, by, why)
    select 'entitlement', back.public_id, was, became, %(now)s::timestamptz, %(actor)s, %(undo)s
    from back, undo where was <> became)
select (select count(*) from back), (select count(*) from undo)
"""


class _Lost(Exception):
    """The use was undone by another request, or the nonce is another's: rolled back, looked again."""


def undo_redemption(
    *, redemption: str, clerk: ClerkView, nonce: str, reason: str, now: datetime
) -> Redeemed:
    """Give back what the use `redemption` (public id) took, once, while its window is open.

    Who scanned it may, and a store lead. Committed on return; `uses_left` is after the undo. The
    same nonce gets the same answer. Raises RedeemRefused, ValueError without a nonce.
    """
    if not 0 < len(nonce) <= LONGEST_NONCE:
        raise ValueError("a nonce has 1 to 64 characters")
    if not is_on(clerk):
        raise RedeemRefused(Refusal.CLERK_OFF)
    use = _the_use(redemption)
    prior = Redemption.objects.filter(actor=clerk.actor, nonce=nonce).first()
    if prior is not None:
        return _answer_again(prior, use)
    _judge(use, clerk, now)
    try:
        with step():
            undo = _give_back(use, actor=clerk.actor, nonce=nonce, why=reason, now=now)
    except _Lost:
        prior = Redemption.objects.filter(actor=clerk.actor, nonce=nonce).first()
        if prior is not None:
            return _answer_again(prior, use)
        _judge(_the_use(redemption), clerk, now)
        raise
    return _answer(undo, use, replayed=False)


@step()
def request_undo(*, redemption: str, by: str, reason: str, now: datetime) -> Approval:
    """Ask to undo a use after its window; another person agrees in the inbox.

    `by` is the maker's public id. Raises RedeemRefused, core.approvals.NotAllowed.
    """
    use = _the_use(redemption)
    _judge_done(use)
    payload = {"redemption": use.public_id, "uses": use.uses, "amount_minor": use.amount_minor}
    return approvals.request(
        action=ACTION, subject=use.public_id, payload=payload, by=by, reason=reason, now=now
    )


@part
def carry_out(approval: Approval, *, now: datetime) -> None:
    """Executor: undoes exactly the use that was agreed on. Raises StalePayload when it is gone."""
    use = _the_use(approval.payload["redemption"])
    try:
        _judge_done(use)
        undo = _give_back(
            use, actor=approval.public_id, nonce=approval.public_id, why=approval.reason, now=now
        )
    except (RedeemRefused, _Lost) as error:
        raise approvals.StalePayload(approval.public_id) from error
    audit.record(
        tag="redemption:undone", by=f"user:{approval.checker}", subject=use.public_id, now=now,
        after={"approval": approval.public_id, "undo": undo.public_id},
    )  # fmt: skip


def _the_use(redemption: str) -> Redemption:
    row = (
        Redemption.objects.select_related("entitlement__delivery", "store", "merchant", "undone")
        .filter(public_id=redemption, kind=RedemptionKind.USE)
        .first()
    )
    if row is None:
        raise RedeemRefused(Refusal.NO_SUCH_USE)
    return row


def _judge(use: Redemption, clerk: ClerkView, now: datetime) -> None:
    if use.merchant_id != clerk.merchant_pk:
        raise RedeemRefused(Refusal.NO_SUCH_USE)
    lead = clerk.role == ClerkRole.LEAD and use.store_id == clerk.store_pk
    if not (use.actor == clerk.actor or lead or clerk.role == ClerkRole.MERCHANT):
        raise RedeemRefused(Refusal.NOT_YOURS)
    _judge_done(use)
    if use.undo_until is None or now >= use.undo_until:
        raise RedeemRefused(Refusal.UNDO_TOO_LATE)


def _judge_done(use: Redemption) -> None:
    if hasattr(use, "undone"):
        raise RedeemRefused(Refusal.ALREADY_UNDONE)
    if use.entitlement.state == EntitlementState.REVOKED:
        raise RedeemRefused(Refusal.REVOKED)


@part
def _give_back(use: Redemption, *, actor: str, nonce: str, why: str, now: datetime) -> Redemption:
    """The one statement and the merchant's share. Raises _Lost when another was first."""
    undo, owned = new_id("rdm"), use.entitlement
    told = events.RedemptionUndone(
        redemption=undo, undo_of=use.public_id, reference=use.reference,
        line=owned.delivery.line, delivery=owned.delivery.public_id,
        entitlement=owned.public_id, sku_id=owned.sku_id, channel=use.channel, owner=owned.owner,
        merchant=use.merchant.public_id, store=use.store.public_id, uses=use.uses,
        amount_minor=use.amount_minor, share_minor=use.share_minor, currency=use.currency,
    )  # fmt: skip
    params = {
        "uses": use.uses, "amount": use.amount_minor, "entitlement": owned.pk, "use": use.pk,
        "undo": undo, "actor": actor, "nonce": nonce, "why": why[:200], "now": now,
        "topic": topic_of(events.RedemptionUndone), "payload": json.dumps(dataclasses.asdict(told)),
    }  # fmt: skip
    with hot_cursor() as cursor:
        cursor.execute(UNDO, params)
        back, written = cursor.fetchone()
    if not back or not written:
        raise _Lost(use.public_id)
    postings.voucher_use_undone(
        undo=undo, merchant=use.merchant.code, reference=use.reference,
        share_minor=use.share_minor, currency=use.currency, now=now,
    )  # fmt: skip
    outbox.ring()
    return Redemption.objects.get(public_id=undo)


def _answer_again(prior: Redemption, use: Redemption) -> Redeemed:
    if prior.undo_of_id != use.pk:
        raise RedeemRefused(Refusal.NONCE_REUSED)
    return _answer(prior, use, replayed=True)


def _answer(undo: Redemption, use: Redemption, *, replayed: bool) -> Redeemed:
    owned = use.entitlement
    title, title_en = names_of(owned.sku_id)
    return Redeemed(
        redemption=undo.public_id, entitlement=owned.public_id, title=title, title_en=title_en,
        uses=undo.uses, uses_left=undo.uses_left, uses_total=owned.uses_total,
        amount_minor=undo.amount_minor, amount_left_minor=undo.amount_left_minor,
        amount_total_minor=owned.amount_total_minor, currency=undo.currency,
        store=use.store.name, store_en=use.store.name_en, at=undo.at, undo_until=None,
        replayed=replayed,
    )  # fmt: skip
