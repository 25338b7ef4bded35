"""Say what a voucher is before it is used. Nothing changes but the counts of wrong codes."""

from datetime import datetime

from fulfillment.queries.naming import names_of
from fulfillment.queries.scanning import read_scan
from fulfillment.redemption import ClerkView, Peeked
from fulfillment.services.redeeming.judge_scan import judge_access, judge_limit, judge_voucher
from fulfillment.services.redeeming.refuse_scan import limit_keys, noting_refusal
from fulfillment.vouchers.codes import read_code
from fulfillment.vouchers.index import voucher_index


def peek(*, code: str, clerk: ClerkView, ip: str, now: datetime) -> Peeked:
    """What `redeem` would use at this store now. Raises RedeemRefused as `redeem` would."""
    plain = read_code(code)
    with noting_refusal(text=code, clerk=clerk, ip=ip, now=now) as met:
        met.scan = scan = judge_access(
            read_scan(
                actor=clerk.actor, store_pk=clerk.store_pk, nonce="", now=now,
                index=voucher_index(plain) if plain else b"", keys=limit_keys(clerk, ip),
            )
        )  # fmt: skip
        judge_limit(scan, now=now)
        judge_voucher(scan, plain, now=now)
    title, title_en = names_of(scan.sku_id)
    return Peeked(
        entitlement=scan.entitlement_id, title=title, title_en=title_en, masked=scan.masked,
        uses_left=scan.uses_left, uses_total=scan.uses_total,
        amount_left_minor=scan.amount_left_minor, amount_total_minor=scan.amount_total_minor,
        currency=scan.currency, valid_until=scan.valid_until,
    )  # fmt: skip
