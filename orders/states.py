"""States of an order, a payment and a refund, and the steps between them (reliability.md 4.1)."""

from collections.abc import Mapping

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

Table = Mapping[str, frozenset[str]]


class OrderState(models.TextChoices):
    PENDING_PAYMENT = "pending_payment", _("Waiting for payment")
    PAID = "paid", _("Paid")
    REVIEW = "review", _("In review")
    WAITING_STOCK = "waiting_stock", _("Paid, waiting for stock")
    FULFILLING = "fulfilling", _("Being delivered")
    DELIVERED = "delivered", _("Delivered")
    PARTIALLY_DELIVERED = "partially_delivered", _("Delivered in part")
    FAILED = "failed", _("Not delivered")
    CLOSED = "closed", _("Closed")
    LATE_PAID = "late_paid", _("Paid after closing")
    REFUNDED = "refunded", _("Refunded")


class PaymentState(models.TextChoices):
    CREATED = "created", _("Created")
    SUBMITTED = "submitted", _("Sent to the provider")
    SUCCEEDED = "succeeded", _("Succeeded")
    FAILED = "failed", _("Failed")
    CLOSED = "closed", _("Closed")
    UNKNOWN = "unknown", _("Unknown")


class RefundState(models.TextChoices):
    REQUESTED = "requested", _("Requested")
    APPROVED = "approved", _("Approved")
    SUBMITTED = "submitted", _("Sent to the provider")
    PROCESSING = "processing", _("Being processed")
    SUCCEEDED = "succeeded", _("Succeeded")
    FAILED = "failed", _("Failed")
    UNKNOWN = "unknown", _("Unknown")
    REJECTED = "rejected", _("Rejected")


class WaitState(models.TextChoices):
    OPEN = "open", _("Waiting")
    FILLED = "filled", _("Filled")
    EXPIRED = "expired", _("Deadline passed")
    CANCELLED = "cancelled", _("Cancelled")


class PromotionState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    LIVE = "live", _("Switched on")
    PAUSED = "paused", _("Paused")
    ENDED = "ended", _("Ended")


class LotteryState(models.TextChoices):
    DRAFT = "draft", _("Being set up")
    OPEN = "open", pgettext_lazy("prize draw", "Open")
    CLOSED = "closed", _("Closed")
    REVEALED = "revealed", _("Revealed")


class BatchState(models.TextChoices):
    DRAFT = "draft", _("Being set up")
    MAKING = "making", _("Codes are being made")
    LIVE = "live", _("In force")
    FROZEN = "frozen", _("Frozen")
    ENDED = "ended", _("Ended")


class AwardState(models.TextChoices):
    WAITING = "waiting", pgettext_lazy("prize", "On its way")
    DONE = "done", _("Handed over")
    SETTLED = "settled", _("Settled by hand")


class CouponState(models.TextChoices):
    ISSUED = "issued", _("Printed")
    CLAIMED = "claimed", _("Claimed")
    HELD = "held", _("In an order")
    USED = "used", _("Used")
    EXPIRED = "expired", _("Expired")
    VOID = "void", _("Void")


class CouponBatchState(models.TextChoices):
    MAKING = "making", _("Being made")
    READY = "ready", _("Ready")
    FROZEN = "frozen", _("Frozen")
    VOID = "void", _("Void")


class CouponExportState(models.TextChoices):
    READY = "ready", _("Ready for one download")
    TAKEN = "taken", _("Downloaded")
    DROPPED = "dropped", _("Withdrawn")


class FlashState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    SCHEDULED = "scheduled", _("Units cut")
    LIVE = "live", _("Running")
    ENDED = "ended", _("Ended")


class FlashUnitState(models.TextChoices):
    FREE = "free", _("Free")
    HELD = "held", _("Kept for an unpaid order")
    PAID = "paid", _("Paid")
    RETURNED = "returned", _("Refunded")


class BalanceState(models.TextChoices):
    HELD = "held", _("Held")
    SPENT = "spent", _("Spent")
    RELEASED = "released", _("Given back")


class GroupBuyState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    LIVE = "live", _("Switched on")
    ENDED = "ended", _("Ended")


class BuyGroupState(models.TextChoices):
    OPEN = "open", _("Seats to be had")
    FULL = "full", _("Complete")
    EXPIRED = "expired", _("Not filled in time")


class GroupSeatState(models.TextChoices):
    HELD = "held", _("Kept for an unpaid order")
    PAID = "paid", _("Paid")
    LEFT = "left", _("Given up")


class PointsPaymentState(models.TextChoices):
    HELD = "held", _("Held")
    SPENT = "spent", _("Spent")
    RELEASED = "released", _("Given back")


def _table(**steps: str) -> Table:
    return {source: frozenset(targets.split()) for source, targets in steps.items()}


ORDER_STEPS: Table = _table(
    pending_payment="paid closed",
    paid="review waiting_stock fulfilling failed refunded",
    review="fulfilling waiting_stock failed refunded",
    waiting_stock="fulfilling failed refunded",
    fulfilling="delivered partially_delivered failed",
    delivered="partially_delivered refunded",
    partially_delivered="delivered fulfilling refunded",
    failed="fulfilling refunded",
    closed="late_paid",
    late_paid="fulfilling refunded",
    refunded="",
)

PAYMENT_STEPS: Table = _table(
    created="submitted failed closed",
    submitted="succeeded failed closed unknown",
    unknown="succeeded failed closed",
    closed="succeeded",
    failed="succeeded",
    succeeded="",
)

REFUND_STEPS: Table = _table(
    requested="approved rejected",
    approved="submitted",
    submitted="processing succeeded failed unknown",
    processing="succeeded failed unknown",
    unknown="processing succeeded failed",
    failed="approved",
    succeeded="",
    rejected="",
)

WAIT_STEPS: Table = _table(open="filled expired cancelled", filled="", expired="", cancelled="")
LOTTERY_STEPS: Table = _table(draft="open", open="closed", closed="revealed", revealed="")
EXCHANGE_BATCH_STEPS: Table = _table(
    draft="making", making="live ended", live="frozen ended", frozen="live ended", ended=""
)
AWARD_STEPS: Table = _table(waiting="done settled", done="", settled="")


PROMOTION_TRANSITIONS: Table = _table(
    draft="live ended", live="paused ended", paused="live ended", ended=""
)

COUPON_STEPS: Table = _table(
    issued="claimed expired void",
    claimed="held expired void",
    held="used claimed",
    used="claimed",
    expired="",
    void="",
)
COUPON_BATCH_STEPS: Table = _table(
    making="ready void", ready="frozen void", frozen="ready void", void=""
)
COUPON_EXPORT_STEPS: Table = _table(ready="taken dropped", taken="", dropped="")
FLASH_STEPS: Table = _table(draft="scheduled ended", scheduled="live ended", live="ended", ended="")
# A unit whose order comes to nothing is offered again; one that was refunded is not.
FLASH_UNIT_STEPS: Table = _table(
    free="held", held="free paid returned", paid="returned", returned=""
)
GROUP_BUY_STEPS: Table = _table(draft="live ended", live="ended", ended="")
BUY_GROUP_STEPS: Table = _table(open="full expired", full="", expired="")
# A seat of a full group is never given up: what was delivered stays at the group's price.
GROUP_SEAT_STEPS: Table = _table(held="paid left", paid="left", left="")
POINTS_PAYMENT_TRANSITIONS: Table = _table(held="spent released", released="held", spent="")
BALANCE_STEPS: Table = _table(held="spent released", released="held", spent="")


def _with_leaps(steps: Table, **leaps: str) -> Table:
    return {
        source: targets | frozenset(leaps.get(source, "").split())
        for source, targets in steps.items()
    }


# One statement may take several steps at once (paying and delivering from our own pool); the
# history still shows each of them. The trigger in the database allows the steps and these leaps.
ORDER_TRANSITIONS: Table = _with_leaps(
    ORDER_STEPS,
    pending_payment="fulfilling delivered waiting_stock review",
    paid="delivered",
    waiting_stock="delivered",
    closed="fulfilling delivered",
    late_paid="delivered",
)
PAYMENT_TRANSITIONS: Table = _with_leaps(PAYMENT_STEPS, created="succeeded")

PAID_SIDE = frozenset(
    {
        OrderState.PAID,
        OrderState.REVIEW,
        OrderState.WAITING_STOCK,
        OrderState.FULFILLING,
        OrderState.DELIVERED,
        OrderState.PARTIALLY_DELIVERED,
        OrderState.FAILED,
    }
)
OPEN_PAYMENT = frozenset({PaymentState.CREATED, PaymentState.SUBMITTED, PaymentState.UNKNOWN})
# A refund in one of these states still lays claim to money of its payment.
LIVE_REFUND = frozenset(RefundState.values) - {RefundState.REJECTED}
PUSHABLE_REFUND = frozenset(
    {RefundState.APPROVED, RefundState.SUBMITTED, RefundState.PROCESSING, RefundState.UNKNOWN}
)


def derive(*, units: int, delivered: int, gone: int, failed: int) -> str:
    """State of a paid order from its units: `gone` are cancelled or taken back, `failed` stuck.

    `refunded` is not derived here: it also needs the money to be back (see services/push_refund).
    """
    if delivered + gone + failed < units:
        return OrderState.FULFILLING
    if delivered == units:
        return OrderState.DELIVERED
    return OrderState.PARTIALLY_DELIVERED if delivered else OrderState.FAILED


def path(steps: Table, source: str, target: str) -> tuple[str, ...]:
    """Return the shortest walk of legal single steps from `source` to `target`, both included.

    Raises ValueError when there is none.
    """
    walks: list[tuple[str, ...]] = [(source,)]
    seen = {source}
    while walks:
        walk = walks.pop(0)
        if walk[-1] == target:
            return walk
        for step in sorted(steps[walk[-1]] - seen):
            seen.add(step)
            walks.append((*walk, step))
    raise ValueError(f"no way from {source} to {target}")


class PlanState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    OPEN = "open", _("On sale")
    CLOSED = "closed", _("Not for new subscribers")


class SubscriptionState(models.TextChoices):
    PENDING = "pending", _("Not begun yet")
    ACTIVE = "active", _("Running")
    PAST_DUE = "past_due", _("Charge failed")
    PAUSED = "paused", _("Paused")
    CANCELLING = "cancelling", _("Ends with this period")
    ENDED = "ended", _("Ended")


class PeriodState(models.TextChoices):
    PLANNED = "planned", _("Planned")
    NOTICED = "noticed", _("Announced")
    CHARGING = "charging", _("Being charged")
    FAILED = "failed", _("Charge failed")
    PAID = "paid", _("Paid")
    VOID = "void", _("Dropped")


class MandateState(models.TextChoices):
    PENDING = "pending", _("Not signed yet")
    SIGNED = "signed", _("Signed")
    REFUSED = "refused", _("Refused")
    ENDED = "ended", _("Ended")


PLAN_STEPS: Table = _table(draft="open", open="closed", closed="open draft")
SUBSCRIPTION_STEPS: Table = _table(
    pending="active ended",
    active="past_due paused cancelling",
    past_due="active ended",
    paused="active ended",
    cancelling="active ended",
    ended="",
)
PERIOD_STEPS: Table = _table(
    planned="noticed charging void",
    noticed="charging void",
    charging="paid failed void",
    failed="charging paid void",
    paid="",
    void="",
)
MANDATE_STEPS: Table = _table(pending="signed refused ended", signed="ended", refused="", ended="")

# A subscription somebody has; only one of a plan at a time.
LIVE_SUBSCRIPTION = frozenset(SubscriptionState.values) - {SubscriptionState.ENDED}
# Those whose periods may be charged.
CHARGEABLE = frozenset(
    {SubscriptionState.PENDING, SubscriptionState.ACTIVE, SubscriptionState.PAST_DUE}
)
OPEN_PERIOD = frozenset({PeriodState.PLANNED, PeriodState.NOTICED, PeriodState.FAILED})


class InviteState(models.TextChoices):
    BOUND = "bound", _("Came by the link")
    WAITING = "waiting", _("Bought; refund window runs")
    REWARDED = "rewarded", _("Rewarded")
    VOID = "void", _("No reward")
    REFUSED = "refused", _("Refused")
    TAKEN_BACK = "taken_back", _("Taken back")


class RewardState(models.TextChoices):
    GIVEN = "given", _("Given")
    TAKEN_BACK = "taken_back", _("Taken back")


class PacketState(models.TextChoices):
    OPEN = "open", pgettext_lazy("red packet", "Open")
    OVER = "over", _("All opened")
    LAPSED = "lapsed", _("Lapsed")


class ShareState(models.TextChoices):
    FREE = "free", _("Free")
    TAKEN = "taken", pgettext_lazy("share", "Opened")
    LAPSED = "lapsed", _("Lapsed")


INVITE_STEPS: Table = _table(
    bound="waiting refused",
    waiting="rewarded void refused",
    rewarded="taken_back",
    void="",
    refused="",
    taken_back="",
)
REWARD_STEPS: Table = _table(given="taken_back", taken_back="")
PACKET_STEPS: Table = _table(open="over lapsed", over="", lapsed="")
SHARE_STEPS: Table = _table(free="taken lapsed", taken="", lapsed="")
