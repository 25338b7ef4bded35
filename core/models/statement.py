import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.models.base import public_id_field


class Statement(models.Model):
    """What another party says happened on one day, as its file came. The same file is kept once.

    `party` names who: `gateway:localpay`, `supplier:c`. A later file of the same day takes the place
    of an earlier one (`current`); nothing is thrown away.
    """

    class Source(models.TextChoices):
        FETCHED = "fetched", _("Fetched")
        UPLOADED = "uploaded", _("Uploaded")

    public_id = public_id_field("stm")
    party = models.CharField(_("from"), max_length=48)
    # A calendar day in Asia/Shanghai.
    day = models.DateField(_("day"))
    # Of the lines as they were read.
    sha256 = models.CharField(max_length=64)
    body = models.BinaryField()
    source = models.CharField(_("source"), max_length=8, choices=Source)
    by = models.CharField(_("by"), max_length=48)
    received_at = models.DateTimeField(_("received at"))
    line_count = models.PositiveIntegerField(_("lines"))
    malformed_count = models.PositiveIntegerField(_("unreadable lines"), default=0)
    current = models.BooleanField(_("counts"), default=True)

    class Meta:
        verbose_name = _("statement")
        verbose_name_plural = _("statements")
        ordering = ["-day", "party", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["party", "day", "sha256"], name="core_statement_once"),
            models.UniqueConstraint(
                fields=["party", "day"], condition=Q(current=True), name="core_statement_current"
            ),
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="core_statement_raw",
                fields=["party", "day", "sha256", "body", "line_count", "malformed_count"],
            ),
            pgtrigger.Protect(name="core_statement_kept", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.party} {self.day}"


class StatementLine(models.Model):
    """One movement of a statement. Minor units; what came to us or back to us is positive."""

    class Outcome(models.TextChoices):
        """What became of the line; empty until its day was compared."""

        MATCHED = "matched", _("Matched")
        OTHER_DAY = "other_day", _("Matched with the neighboring day")
        OPEN = "open", _("Still under way")
        BREAK = "break", _("Differs")
        MALFORMED = "malformed", _("Unreadable")

    statement = models.ForeignKey(
        Statement, models.PROTECT, related_name="lines", verbose_name=_("statement")
    )
    # From 1, as in the file without its header.
    position = models.PositiveIntegerField(_("line"))
    kind = models.CharField(_("kind"), max_length=12, blank=True, default="")
    number = models.CharField(_("our number"), max_length=64, blank=True, default="")
    their_no = models.CharField(_("their number"), max_length=64, blank=True, default="")
    amount_minor = models.BigIntegerField(_("amount (minor units)"), default=0)
    fee_minor = models.BigIntegerField(_("fee (minor units)"), default=0)
    after_minor = models.BigIntegerField(_("balance after (minor units)"), null=True, blank=True)
    currency = models.CharField(max_length=3, default="CNY")
    at = models.DateTimeField(_("at"), null=True, blank=True)
    # Why the line could not be read; such a line says nothing else.
    problem = models.CharField(_("problem"), max_length=80, blank=True, default="")
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome, blank=True, default="")

    class Meta:
        verbose_name = _("statement line")
        verbose_name_plural = _("statement lines")
        ordering = ["statement_id", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["statement", "position"], name="core_statementline_once"
            )
        ]
        indexes = [
            models.Index(
                fields=["number"], name="core_statementline_ours", condition=~Q(number="")
            ),
            models.Index(
                fields=["their_no"], name="core_statementline_theirs", condition=~Q(their_no="")
            ),
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="core_statementline_raw",
                fields=["statement", "position", "kind", "number", "their_no", "amount_minor",
                        "fee_minor", "after_minor", "currency", "at", "problem"],
            ),
            pgtrigger.Protect(name="core_statementline_kept", operation=pgtrigger.Delete),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.kind} {self.number or self.their_no}".strip()
