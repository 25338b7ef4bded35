"""States of codes, batches, deliveries, attempts and entitlements (reliability.md 4.1)."""

from collections.abc import Mapping

from django.db import models
from django.utils.translation import gettext_lazy as _

Table = Mapping[str, frozenset[str]]


class CodeState(models.TextChoices):
    AVAILABLE = "available", _("Available")
    HELD = "held", _("Held for an order")
    SOLD = "sold", _("Sold")
    QUARANTINED = "quarantined", _("Quarantined")
    CONSIGNED = "consigned", _("With an outside channel")
    VOID = "void", _("Void")
    EXPIRED = "expired", _("Expired")


class BatchState(models.TextChoices):
    QUEUED = "queued", _("Waiting for a worker")
    RUNNING = "running", _("Running")
    CHECKED = "checked", _("Checked, nothing imported yet")
    PAUSED = "paused", _("Paused")
    FINISHED = "finished", _("Finished")
    CANCELED = "canceled", _("Canceled")
    FAILED = "failed", _("Failed")


class Verdict(models.TextChoices):
    """What became of one line of an imported file."""

    ACCEPTED = "accepted", _("Accepted")
    HEADER = "header", _("Header line")
    BLANK = "blank", _("Blank line")
    DUPLICATE_IN_FILE = "duplicate_in_file", _("Twice in this file")
    DUPLICATE_IN_VAULT = "duplicate_in_vault", _("Already in the vault")
    MALFORMED = "malformed", _("Number or secret is missing")
    TOO_LONG = "too_long", _("Line is too long")
    FORMULA = "formula", _("Looks like a spreadsheet formula")
    CONTROL = "control", _("Holds invisible control characters")
    UNDECODABLE = "undecodable", _("Bytes are not in the file's character set")
    BAD_DATE = "bad_date", _("Expiry day cannot be read")
    PAST_DATE = "past_date", _("Expiry day has passed")
    LOSSY_NUMBER = "lossy_number", _("Spreadsheet number has lost digits")


class ExportState(models.TextChoices):
    READY = "ready", _("Ready for one download")
    TAKEN = "taken", _("Downloaded")
    DROPPED = "dropped", _("Withdrawn")


class PurchaseState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    ORDERED = "ordered", _("Ordered")
    RECEIVED = "received", _("Received")
    CLOSED = "closed", _("Closed")
    CANCELED = "canceled", _("Canceled")


class DeliveryState(models.TextChoices):
    PENDING = "pending", _("Waiting")
    DISPATCHED = "dispatched", _("Sent to the supplier")
    UNKNOWN = "unknown", _("Being checked with the supplier")
    DELIVERED = "delivered", _("Delivered")
    FAILED = "failed", _("Failed")
    MANUAL = "manual", _("With a person")
    REVOKED = "revoked", _("Taken back")


class AttemptState(models.TextChoices):
    PREPARED = "prepared", _("Prepared")
    SENT = "sent", _("Sent")
    ACCEPTED = "accepted", _("Accepted")
    SUCCEEDED = "succeeded", _("Succeeded")
    REJECTED = "rejected", _("Rejected")
    FAILED = "failed", _("Failed")
    UNKNOWN = "unknown", _("Unknown")
    NOT_SENT = "not_sent", _("Not sent")
    REVERSED = "reversed", _("Reversed")


class EntitlementState(models.TextChoices):
    ISSUED = "issued", _("Unused")
    ACTIVE = "active", _("In use")
    EXHAUSTED = "exhausted", _("Used")
    EXPIRED = "expired", _("Expired")
    REVOKED = "revoked", _("Taken back")


class GiftState(models.TextChoices):
    OPEN = "open", _("Waiting for the friend")
    CLAIMED = "claimed", _("Accepted by the friend")
    TAKEN_BACK = "taken_back", _("Taken back by the giver")
    RETURNED = "returned", _("Nobody came; it went back")
    ENDED = "ended", _("Ended with the goods")


class LinkState(models.TextChoices):
    OPEN = "open", _("Not opened yet")
    USED = "used", _("Opened")
    ENDED = "ended", _("No longer good")


class SupplierState(models.TextChoices):
    ON = "on", _("On")
    OFF = "off", _("Off")


class CircuitState(models.TextChoices):
    CLOSED = "closed", _("Closed")
    OPEN = "open", _("Open")
    HALF_OPEN = "half_open", _("Half open")


class ConsignedState(models.TextChoices):
    OUT = "out", _("With the channel")
    SOLD = "sold", _("Sold by the channel")
    RETURNED = "returned", _("Come back")


class ShareKind(models.TextChoices):
    RESERVED = "reserved", _("Reserved")
    CAPPED = "capped", _("Capped")


class CaseState(models.TextChoices):
    OPEN = "open", _("Open")
    PROPOSED = "proposed", _("Waiting for a second person")
    RESOLVED = "resolved", _("Resolved")


def _table(**steps: str) -> Table:
    return {source: frozenset(targets.split()) for source, targets in steps.items()}


CODE_TRANSITIONS: Table = _table(
    available="held quarantined consigned void expired",
    held="available sold",
    quarantined="available void",
    consigned="sold quarantined",
    expired="void",
    sold="",
    void="",
)

BATCH_TRANSITIONS: Table = _table(
    queued="running canceled",
    running="queued checked paused finished canceled failed",
    checked="queued canceled",
    paused="queued canceled",
    failed="queued canceled",
    finished="",
    canceled="",
)

PURCHASE_TRANSITIONS: Table = _table(
    draft="ordered canceled",
    ordered="received canceled",
    received="closed",
    closed="",
    canceled="",
)

CONSIGNED_TRANSITIONS: Table = _table(out="sold returned", sold="", returned="")

EXPORT_TRANSITIONS: Table = _table(ready="taken dropped", taken="", dropped="")

# `dispatched` goes back to `pending` only with an attempt that provably never left (`not_sent`);
# `failed` goes back to `pending` only for a unit nobody canceled (a CHECK on the row keeps it).
DELIVERY_TRANSITIONS: Table = _table(
    pending="dispatched delivered failed manual",
    dispatched="pending delivered failed unknown manual",
    unknown="delivered failed manual",
    failed="pending manual",
    manual="delivered failed pending",
    delivered="revoked",
    revoked="",
)

ATTEMPT_TRANSITIONS: Table = _table(
    prepared="sent not_sent",
    sent="accepted succeeded rejected failed unknown not_sent",
    accepted="succeeded failed unknown",
    unknown="accepted succeeded rejected failed",
    succeeded="reversed",
    rejected="",
    failed="",
    not_sent="",
    reversed="",
)

ENTITLEMENT_TRANSITIONS: Table = _table(
    issued="active exhausted expired revoked",
    active="exhausted expired revoked",
    exhausted="active revoked",
    expired="revoked",
    revoked="",
)

GIFT_TRANSITIONS: Table = _table(
    open="claimed taken_back returned ended", claimed="", taken_back="", returned="", ended=""
)

LINK_TRANSITIONS: Table = _table(open="used ended", used="", ended="")

CASE_TRANSITIONS: Table = _table(open="proposed resolved", proposed="open resolved", resolved="")

# Nothing may be bought for the unit while an attempt is in one of these.
OPEN_ATTEMPT = frozenset(
    {AttemptState.PREPARED, AttemptState.SENT, AttemptState.ACCEPTED, AttemptState.UNKNOWN}
)
OPEN_DELIVERY = frozenset(
    {
        DeliveryState.PENDING,
        DeliveryState.DISPATCHED,
        DeliveryState.UNKNOWN,
        DeliveryState.MANUAL,
    }
)
DUPLICATE = frozenset({Verdict.DUPLICATE_IN_FILE, Verdict.DUPLICATE_IN_VAULT})
