"""Use a voucher at a store: once for each nonce, never more than is left.

What decides is read in one statement; what is done is one more. The guard is the conditional update
of the entitlement and the unique nonce of whoever scans: with no row written, nothing was used.
"""

import dataclasses
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError

from core import ledger, outbox
from core.faults import guard_off
from core.hot import hot_cursor
from core.ids import new_id
from core.outbox import topic_of
from core.tx import refuse_in_transaction, step
from fulfillment import events, postings
from fulfillment.models import Redemption, RedemptionKind
from fulfillment.queries.naming import names_of
from fulfillment.queries.scanning import Scan, read_scan
from fulfillment.redemption import ClerkView, Redeemed, RedeemRefused, Refusal
from fulfillment.services.redeeming.judge_scan import (
    judge_access,
    judge_limit,
    judge_measure,
    judge_voucher,
    share_of,
)
from fulfillment.services.redeeming.refuse_scan import limit_keys, noting_refusal
from fulfillment.vouchers.codes import read_code
from fulfillment.vouchers.index import voucher_index

__all__ = ["ClerkView", "RedeemRefused", "Redeemed", "Refusal", "redeem"]

LONGEST_NONCE = 64
# PostgreSQL's name of the guard against one scan counting twice.
NONCE_CONSTRAINT = "fulfillment_redemption_nonce"

USE = """
with used as (
    update fulfillment_entitlement as e
    set uses_left = e.uses_left - %(uses)s::int,
        amount_left_minor = e.amount_left_minor - %(amount)s::bigint,
        state = case when coalesce(e.uses_left - %(uses)s::int,
            e.amount_left_minor - %(amount)s::bigint) = 0 then 'exhausted' else 'active' end
    where e.id = %(entitlement)s::bigint {guard}
    returning e.id, e.public_id, old.state as was, e.state as became, e.uses_left,
        e.amount_left_minor),
use as (
    insert into fulfillment_redemption (public_id, kind, entitlement_id, voucher_id, merchant_id,
        store_id, actor, nonce, uses, amount_minor, share_minor, currency, uses_left,
        amount_left_minor, undo_until, why, reference, channel, at)
    select %(redemption)s, 'use', id, %(voucher)s::uuid, %(merchant)s::bigint, %(store)s::bigint,
        %(actor)s, %(nonce)s, %(uses)s::int, %(amount)s::bigint, %(share)s::bigint, %(currency)s,
        uses_left, amount_left_minor, %(undo_until)s::timestamptz, '', %(reference)s::text,
        %(channel)s::text, %(now)s::timestamptz
    from used returning id, public_id, reference, at),
journal as (
    insert into core_journal (key, kind, at, note)
    select 'redemption:' || public_id, 'redemption', at, '' from use where %(share)s::bigint <> 0
    returning id),
posting as (
    insert into core_posting (journal_id, account_id, amount, currency, subject)
    select journal.id, leg.account, leg.sign * %(share)s::bigint, %(currency)s, use.reference
    from journal, use, (values ('cogs', 1), (%(payable)s::text, -1)) as leg(account, sign)),
event as (
    insert into core_outboxevent (topic, payload, created_at, not_before, tries, last_error)
    select %(topic)s, %(payload)s::jsonb, at, at, 0, '' from use),
history as (
    insert into core_statechange (entity, subject, was, became, at, by, why)
    select 'entitlement', used.public_id, was, became, use.at, %(actor)s, %(redemption)s
    from used, use where was <> became)
select uses_left, amount_left_minor from used
"""
GUARDED = USE.format(
    guard="and exists (select 1 from fulfillment_vouchercode v"
    " where v.id = %(voucher)s::uuid and v.replaced_at is null)"
    " and e.state in ('issued', 'active') and e.given_at is null"
    " and e.valid_from <= %(now)s::timestamptz"
    " and (e.valid_until is null or e.valid_until > %(now)s::timestamptz)"
    " and coalesce(e.uses_left, 0) >= %(uses)s::int"
    " and coalesce(e.amount_left_minor, 0) >= %(amount)s::bigint"
)
# Only for the negative control of the race test: what was seen before decides.
UNGUARDED = USE.format(guard="").replace("e.uses_left - ", "%(seen)s::int - ")
# Lost only to another scan, each of which changes the voucher; undone ones make room again meanwhile.
TRIES = 12


@dataclass(frozen=True, slots=True)
class _Want:
    """One use as it is asked for. Without `amount_minor` it is counted in uses."""

    clerk: ClerkView
    uses: int
    amount_minor: int
    nonce: str
    now: datetime


def redeem(
    *,
    code: str,
    clerk: ClerkView,
    uses: int = 1,
    amount_minor: int | None = None,
    nonce: str,
    ip: str,
    now: datetime,
) -> Redeemed:
    """Use a voucher: `uses` of a times-card, or `amount_minor` (minor units) of one used by amount.

    `code` is what was typed or scanned; `nonce` (1 to 64 characters) is new for every scan and
    repeated only when the same scan is sent again: then the first answer comes back, `replayed`.
    Committed on return. Raises RedeemRefused with a sentence for the clerk, ValueError for a
    quantity below one or no nonce. Rules: F9, R-LIM, reliability.md 4.1.
    """
    if uses < 1 or (amount_minor is not None and amount_minor < 1):
        raise ValueError("nothing to use")
    if not 0 < len(nonce) <= LONGEST_NONCE:
        raise ValueError("a nonce has 1 to 64 characters")
    amount = amount_minor or 0
    want = _Want(clerk, 0 if amount else uses, amount, nonce, now)
    plain = read_code(code)
    with noting_refusal(text=code, clerk=clerk, ip=ip, now=now) as met:
        for _try in range(TRIES):
            met.scan = scan = judge_access(
                read_scan(
                    actor=clerk.actor, store_pk=clerk.store_pk, nonce=nonce, now=now,
                    index=voucher_index(plain) if plain else b"", keys=limit_keys(clerk, ip),
                )
            )  # fmt: skip
            if scan.prior is not None:
                return _answer_again(scan, want)
            judge_limit(scan, now=now)
            judge_voucher(scan, plain, now=now)
            judge_measure(scan, uses=want.uses, amount_minor=amount)
            done = _use(scan, want)
            if done is not None:
                return done
    raise RuntimeError("a scan lost its race and found no reason for it")


def _use(scan: Scan, want: _Want) -> Redeemed | None:
    """The one statement, committed. None when somebody was faster: then it is looked at again."""
    redemption = new_id("rdm")
    share = share_of(scan, uses=want.uses, amount_minor=want.amount_minor)
    undo_until = want.now + timedelta(seconds=scan.undo_seconds)
    params = _params(scan, want, redemption, share) | {"undo_until": undo_until}
    left = _write(params, scan)
    if left is None:
        return None
    title, title_en = names_of(scan.sku_id)
    return Redeemed(
        redemption=redemption, entitlement=scan.entitlement_id, title=title, title_en=title_en,
        uses=want.uses, uses_left=left[0], uses_total=scan.uses_total,
        amount_minor=want.amount_minor, amount_left_minor=left[1],
        amount_total_minor=scan.amount_total_minor, currency=scan.currency,
        store=want.clerk.store_name, store_en=want.clerk.store_name_en, at=want.now,
        undo_until=undo_until, replayed=False,
    )  # fmt: skip


def _write(params: dict[str, Any], scan: Scan) -> tuple[int | None, int | None] | None:
    """What is left; None when the guard let nothing be used, or the nonce is another request's.

    One statement is a transaction of its own: with it goes all or nothing.
    """
    refuse_in_transaction("redeem")
    statement = GUARDED
    if guard_off("redeem.left"):
        statement, params["seen"] = UNGUARDED, scan.uses_left
    if guard_off("redeem.nonce"):
        # A negative control lets every request count as another scan.
        params["nonce"] = new_id("non")
    if params["share"]:
        with step():
            accounts = (postings.COGS, params["payable"])
            ledger.ensure_accounts((account, scan.currency) for account in accounts)
    try:
        with hot_cursor() as cursor:
            cursor.execute(statement, params)
            left: tuple[int | None, int | None] | None = cursor.fetchone()
    except IntegrityError as error:
        if NONCE_CONSTRAINT in str(error):
            return None
        raise
    if left is not None:
        outbox.ring()
    return left


def _params(scan: Scan, want: _Want, redemption: str, share: int) -> dict[str, Any]:
    told = events.Redeemed(
        redemption=redemption, reference=scan.reference, line=scan.line, delivery=scan.delivery,
        entitlement=scan.entitlement_id, sku_id=scan.sku_id, channel=scan.channel,
        owner=scan.owner, merchant=want.clerk.merchant, store=want.clerk.store, uses=want.uses,
        amount_minor=want.amount_minor, share_minor=share, currency=scan.currency,
    )  # fmt: skip
    return {
        "entitlement": scan.entitlement, "voucher": scan.voucher, "redemption": redemption,
        "merchant": want.clerk.merchant_pk, "store": want.clerk.store_pk,
        "actor": want.clerk.actor, "nonce": want.nonce, "uses": want.uses,
        "amount": want.amount_minor, "share": share, "currency": scan.currency,
        "reference": scan.reference, "channel": scan.channel, "now": want.now,
        "payable": f"{postings.MERCHANT}:{scan.merchant_code}",
        "topic": topic_of(events.Redeemed), "payload": json.dumps(dataclasses.asdict(told)),
    }  # fmt: skip


def _answer_again(scan: Scan, want: _Want) -> Redeemed:
    """What the first request with this nonce was told. Raises RedeemRefused for another scan's."""
    row = Redemption.objects.select_related("entitlement", "store").get(pk=scan.prior or 0)
    same = (row.kind, row.entitlement_id, row.uses, row.amount_minor)
    if same != (RedemptionKind.USE, scan.entitlement, want.uses, want.amount_minor):
        raise RedeemRefused(Refusal.NONCE_REUSED)
    owned = row.entitlement
    title, title_en = names_of(owned.sku_id)
    return Redeemed(
        redemption=row.public_id, entitlement=owned.public_id, title=title, title_en=title_en,
        uses=row.uses, uses_left=row.uses_left, uses_total=owned.uses_total,
        amount_minor=row.amount_minor, amount_left_minor=row.amount_left_minor,
        amount_total_minor=owned.amount_total_minor, currency=row.currency, store=row.store.name,
        store_en=row.store.name_en, at=row.at, undo_until=row.undo_until, replayed=True,
    )  # fmt: skip
