from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.models.base import LeasedWork, public_id_field
from core.transitions import guard
from fulfillment.states import BATCH_TRANSITIONS, BatchState, Verdict


class CodeBatch(LeasedWork):
    """One imported file of codes of one SKU, and the job that imports it."""

    class Layout(models.TextChoices):
        PAIR = "pair", _("Number and secret")
        SINGLE = "single", _("One code per line")

    class PaidFrom(models.TextChoices):
        BANK = "bank", _("Bank")
        PREPAID = "prepaid", _("Supplier's prepaid account")
        CREDIT = "credit", _("On account, paid later")
        CONSIGNED = "consign", _("Paid to the supplier when sold")

    public_id = public_id_field("bat")
    sku = models.ForeignKey("catalog.Sku", models.PROTECT, related_name="batches")
    supplier = models.ForeignKey(
        "fulfillment.Supplier", models.PROTECT, null=True, blank=True, related_name="batches"
    )
    file_name = models.CharField(_("file"), max_length=120)
    file_sha256 = models.CharField(max_length=64, editable=False)
    # Name of the sealed copy under STATE_DIR/uploads; empty once it has been destroyed.
    stored = models.CharField(max_length=80, blank=True, default="", editable=False)
    encoding = models.CharField(_("character set"), max_length=16, blank=True, default="")
    layout = models.CharField(_("layout"), max_length=8, choices=Layout, default=Layout.PAIR)
    # Which field of a line is which, once a header line was found: {"number": 0, "secret": 1}.
    columns = models.JSONField(default=dict, blank=True)
    cost_minor = models.BigIntegerField(_("cost per code (minor units)"), default=0)
    currency = models.CharField(max_length=3, default="CNY")
    paid_from = models.CharField(
        _("paid from"), max_length=8, choices=PaidFrom, default=PaidFrom.BANK
    )
    # The line of a purchase that these codes came for; empty for a file from elsewhere.
    purchase_line = models.ForeignKey(
        "fulfillment.PurchaseLine", models.PROTECT, null=True, blank=True, related_name="batches"
    )
    expires_on = models.DateField(_("last day when the file names none"), null=True, blank=True)
    dry_run = models.BooleanField(_("check only"), default=False)
    state = models.CharField(
        _("state"), max_length=12, choices=BatchState, default=BatchState.QUEUED
    )
    problem = models.CharField(_("problem"), max_length=200, blank=True, default="")
    bytes_total = models.BigIntegerField(default=0)
    bytes_done = models.BigIntegerField(default=0)
    lines_done = models.BigIntegerField(default=0)
    declared = models.BigIntegerField(_("lines"), default=0)
    accepted = models.BigIntegerField(_("accepted"), default=0)
    duplicate = models.BigIntegerField(_("duplicates"), default=0)
    rejected = models.BigIntegerField(_("rejected"), default=0)
    # Lines by verdict, accepted ones included.
    counts = models.JSONField(default=dict, blank=True)
    created_by = models.CharField(_("by"), max_length=48)
    created_at = models.DateTimeField(_("uploaded at"))
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)
    frozen_at = models.DateTimeField(_("frozen at"), null=True, blank=True)

    class Meta:
        verbose_name = _("code batch")
        verbose_name_plural = _("code batches")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(declared=F("accepted") + F("duplicate") + F("rejected")),
                name="fulfillment_batch_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(paid_from="bank") | Q(supplier__isnull=False),
                name="fulfillment_batch_prepaid_where",
            ),
            models.CheckConstraint(
                condition=Q(cost_minor__gte=0), name="fulfillment_batch_cost_not_negative"
            ),
        ]
        indexes = [
            models.Index(
                fields=["id"],
                name="fulfillment_batch_work",
                condition=Q(state__in=[BatchState.QUEUED, BatchState.RUNNING]),
            )
        ]
        triggers = [guard(BATCH_TRANSITIONS)]

    def __str__(self) -> str:
        return self.public_id

    @property
    def percent(self) -> int:
        """Progress of the running pass, 0 to 100."""
        if not self.bytes_total:
            return 100 if self.finished_at else 0
        return min(100, self.bytes_done * 100 // self.bytes_total)


class BatchLine(models.Model):
    """A line that was not accepted, and why. The text itself is not kept, only its masked end."""

    batch = models.ForeignKey(
        CodeBatch, models.CASCADE, db_index=False, related_name="refused_lines"
    )
    line = models.BigIntegerField(_("line"))
    verdict = models.CharField(_("verdict"), max_length=20, choices=Verdict)
    masked = models.CharField(_("text"), max_length=32, blank=True, default="")

    class Meta:
        ordering = ["batch_id", "line"]
        constraints = [
            models.UniqueConstraint(fields=["batch", "line"], name="fulfillment_batchline_once")
        ]

    def __str__(self) -> str:
        return f"{self.line}: {self.verdict}"


class BatchSeen(models.Model):
    """Keyed hashes a dry run has met so far; swept away when it ends."""

    batch = models.ForeignKey(CodeBatch, models.CASCADE, db_index=False)
    index = models.BinaryField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch", "index"], name="fulfillment_batchseen_once")
        ]
