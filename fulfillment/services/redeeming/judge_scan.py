"""Whether a voucher may be used here and now, and the reason if not, from what a scan has met."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from catalog import snapshot
from core.money import format_minor
from fulfillment.models import Redemption, RedemptionKind
from fulfillment.queries.activation import terms
from fulfillment.queries.deliveries import last_day
from fulfillment.queries.scanning import WINDOW_SECONDS, Scan
from fulfillment.redemption import RedeemRefused, Refusal
from fulfillment.states import EntitlementState
from fulfillment.vouchers.hours import counts_at, in_words

MINUTE = 60


def judge_access(scan: Scan | None) -> Scan:
    """The scan, or RedeemRefused when this clerk or till may not scan at all."""
    if scan is None or not scan.actor_on:
        raise RedeemRefused(Refusal.CLERK_OFF)
    if not scan.store_on:
        raise RedeemRefused(Refusal.STORE_OFF)
    return scan


def judge_limit(scan: Scan, *, now: datetime) -> None:
    """Raise RedeemRefused when too many codes were wrong in this hour."""
    if scan.limited:
        left = WINDOW_SECONDS - int(now.timestamp()) % WINDOW_SECONDS
        raise RedeemRefused(Refusal.LIMITED, minutes=-(-left // MINUTE))


def judge_voucher(scan: Scan, plain: str, *, now: datetime) -> None:
    """Raise RedeemRefused when the voucher cannot be used here and now, however little of it.

    `plain` is the code as read, empty when it cannot be one of ours. Whose it is comes before what
    became of it: another merchant's clerk learns no more than that.
    """
    if not plain:
        raise RedeemRefused(Refusal.MALFORMED)
    if scan.entitlement is None:
        raise RedeemRefused(Refusal.UNKNOWN_CODE)
    if scan.place is None:
        raise RedeemRefused(Refusal.WRONG_STORE if scan.elsewhere else Refusal.WRONG_MERCHANT)
    for judge in (_life, _left, _time):
        judge(scan, now)


def _life(scan: Scan, _now: datetime) -> None:
    if scan.state == EntitlementState.REVOKED:
        raise RedeemRefused(Refusal.REVOKED)
    if scan.replaced_at is not None:
        raise RedeemRefused(Refusal.REPLACED)
    if scan.given_at is not None:
        raise RedeemRefused(Refusal.GIVEN)
    if not scan.activated and _must_be_activated(scan):
        raise RedeemRefused(Refusal.INACTIVE)


def _must_be_activated(scan: Scan) -> bool:
    if scan.sku_id not in snapshot.current().skus:
        # Newer than this process's snapshot, which is at most a second old.
        snapshot.forget()
    return terms(scan.sku_id, scan.received_at).needed


def _left(scan: Scan, _now: datetime) -> None:
    if scan.entitlement is None or scan.state != EntitlementState.EXHAUSTED:
        return
    uses = Redemption.objects.filter(entitlement_id=scan.entitlement, kind=RedemptionKind.USE)
    last = uses.filter(undone=None).order_by("-id").values_list("at", flat=True).first()
    moment = timezone.localtime(last).strftime("%Y-%m-%d %H:%M") if last else "–"
    raise RedeemRefused(Refusal.USED_UP, moment=moment)


def _time(scan: Scan, now: datetime) -> None:
    if now < scan.valid_from:
        day = timezone.localdate(scan.valid_from)
        raise RedeemRefused(Refusal.NOT_YET_VALID, day=day.isoformat())
    until = scan.valid_until
    if scan.state == EntitlementState.EXPIRED or (until is not None and until <= now):
        day = last_day(until) if until is not None else timezone.localdate(now)
        raise RedeemRefused(Refusal.EXPIRED, day=day.isoformat())
    hours: dict[str, Any] = {
        "weekdays": scan.weekdays, "opens_at": scan.opens_at, "closes_at": scan.closes_at,
    }  # fmt: skip
    if not counts_at(timezone.localtime(now), **hours):
        said = {"en": in_words(**hours, english=True), "zh": in_words(**hours, english=False)}
        raise RedeemRefused(Refusal.OUTSIDE_HOURS, hours=said)


def judge_measure(scan: Scan, *, uses: int, amount_minor: int) -> None:
    """Raise RedeemRefused when so many uses, or so much, cannot be taken from the voucher."""
    if scan.uses_left is None:
        if not amount_minor:
            said = {"en": "by amount; enter the amount", "zh": "按金额使用，请输入金额"}
            raise RedeemRefused(Refusal.WRONG_MEASURE, measure=said)
        left = scan.amount_left_minor or 0
        if amount_minor > left:
            raise RedeemRefused(Refusal.TOO_MUCH, left=format_minor(left, scan.currency))
        return
    if amount_minor:
        said = {"en": "by number of times, not by amount", "zh": "按次数使用，不按金额"}
        raise RedeemRefused(Refusal.WRONG_MEASURE, measure=said)
    if uses > scan.uses_left:
        times = scan.uses_left
        said = {"en": f"{times} {'use' if times == 1 else 'uses'}", "zh": f"{times} 次"}
        raise RedeemRefused(Refusal.TOO_MUCH, left=said)


def share_of(scan: Scan, *, uses: int, amount_minor: int) -> int:
    """What the merchant is owed for this use, in minor units; half a unit is rounded up."""
    return uses * scan.share_minor + (amount_minor * scan.share_bp + 5_000) // 10_000
