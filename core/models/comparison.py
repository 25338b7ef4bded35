from collections.abc import Mapping

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core import transitions
from core.models.base import public_id_field
from core.models.statement import Statement


class Comparison(models.Model):
    """One run over one party and one day, with its figures; run again, the row says the new truth."""

    class State(models.TextChoices):
        MATCHED = "matched", _("Everything matched")
        DIFFERS = "differs", _("Something differs")
        MISSING = "missing", _("No statement yet")
        SKIPPED = "skipped", _("Could not be compared")

    name = models.CharField(_("run"), max_length=24)
    party = models.CharField(_("with"), max_length=48)
    # A calendar day in Asia/Shanghai.
    day = models.DateField(_("day"))
    state = models.CharField(_("state"), max_length=8, choices=State)
    statement = models.ForeignKey(
        Statement, models.PROTECT, null=True, blank=True, verbose_name=_("statement")
    )
    theirs_count = models.PositiveIntegerField(_("their lines"), default=0)
    ours_count = models.PositiveIntegerField(_("our entries"), default=0)
    matched = models.PositiveIntegerField(_("matched"), default=0)
    other_day = models.PositiveIntegerField(_("matched with the neighboring day"), default=0)
    under_way = models.PositiveIntegerField(_("still under way"), default=0)
    # As of the last run, whatever has become of them since.
    found = models.PositiveIntegerField(_("differences"), default=0)
    # Minor units by currency: {"CNY": {"theirs": 0, "ours": 0, "disputed": 0}}.
    sums = models.JSONField(_("sums"), default=dict)
    note = models.CharField(_("note"), max_length=200, blank=True, default="")
    ran_at = models.DateTimeField(_("compared at"))
    runs = models.PositiveIntegerField(_("times compared"), default=1)
    seconds = models.FloatField(_("seconds"), default=0)

    class Meta:
        verbose_name = _("comparison")
        verbose_name_plural = _("comparisons")
        ordering = ["-day", "name", "party"]
        constraints = [
            models.UniqueConstraint(fields=["name", "party", "day"], name="core_comparison_once"),
            models.CheckConstraint(
                condition=~Q(state="matched") | Q(found=0), name="core_comparison_calm"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.party} {self.day}"


class BreakKind(models.TextChoices):
    """What is wrong between two books (R-REC)."""

    MISSING_OURS = "missing_ours", _("They have it, we do not")
    MISSING_THEIRS = "missing_theirs", _("We have it, they do not")
    AMOUNT = "amount", _("Other amount")
    STATE = "state", _("Other state")
    FEE = "fee", _("Other fee")
    DUPLICATE = "duplicate", _("Twice in their statement")
    TIMING = "timing", _("On another day")
    CURRENCY = "currency", _("Other currency")
    NUMBER = "number", _("Other number of theirs")
    MALFORMED = "malformed", _("Unreadable line")
    LEDGER = "ledger", _("Our ledger says something else")
    BALANCE = "balance", _("Balances differ")


class DifferenceState(models.TextChoices):
    OPEN = "open", _("Open")
    PROPOSED = "proposed", _("Waiting for a second person")
    CLOSED = "closed", _("Closed")


class Closing(models.TextChoices):
    """How a difference ended."""

    HEALED = "healed", _("By itself")
    EXPLAINED = "explained", _("Explained")
    CORRECTED = "corrected", _("Corrected in the ledger")


# Closed ones open again only when what had healed is there again.
DIFFERENCE_TRANSITIONS: Mapping[str, list[str]] = {
    DifferenceState.OPEN: ["proposed", "closed"],
    DifferenceState.PROPOSED: ["open", "closed"],
    DifferenceState.CLOSED: ["open"],
}


class Difference(models.Model):
    """A case: two books disagree about one thing. Somebody owns it until it is closed with a reason."""

    public_id = public_id_field("dif")
    comparison = models.ForeignKey(
        Comparison, models.PROTECT, related_name="differences", verbose_name=_("comparison")
    )
    # Of kind, numbers and both sides' facts: the next run finds the same difference again.
    fingerprint = models.CharField(max_length=64)
    kind = models.CharField(_("difference"), max_length=16, choices=BreakKind)
    # What moved: payment, refund, order; the run knows the words.
    what = models.CharField(_("about"), max_length=24, blank=True, default="")
    number = models.CharField(_("our number"), max_length=64, blank=True, default="")
    their_no = models.CharField(_("their number"), max_length=64, blank=True, default="")
    # What we know it as: a public id that the trace opens.
    subject = models.CharField(_("our record"), max_length=40, blank=True, default="")
    # By how much their books say more than ours, minor units.
    delta_minor = models.BigIntegerField(_("difference (minor units)"), default=0)
    currency = models.CharField(max_length=3, default="CNY")
    # Flat facts of both sides, to be shown beside each other.
    theirs = models.JSONField(_("they say"), default=dict)
    ours = models.JSONField(_("we say"), default=dict)
    state = models.CharField(
        _("state"), max_length=8, choices=DifferenceState, default=DifferenceState.OPEN
    )
    owner = models.CharField(_("with"), max_length=48, blank=True, default="")
    opened_at = models.DateTimeField(_("opened at"))
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    closed_by = models.CharField(_("closed by"), max_length=48, blank=True, default="")
    closing = models.CharField(_("how"), max_length=10, choices=Closing, blank=True, default="")
    reason = models.CharField(_("reason"), max_length=500, blank=True, default="")
    approval = models.CharField(max_length=24, blank=True, default="")

    class Meta:
        verbose_name = _("difference")
        verbose_name_plural = _("differences")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["comparison", "fingerprint"], name="core_difference_once"
            ),
            models.CheckConstraint(
                condition=~Q(state="closed")
                | (~Q(closing="") & ~Q(closed_by="") & ~Q(reason="") & Q(closed_at__isnull=False)),
                name="core_difference_closed_why",
            ),
        ]
        indexes = [
            models.Index(
                fields=["opened_at"], name="core_difference_open", condition=~Q(state="closed")
            ),
            models.Index(fields=["number"], name="core_difference_number"),
            models.Index(fields=["subject"], name="core_difference_subject"),
        ]
        triggers = [transitions.guard(DIFFERENCE_TRANSITIONS)]

    def __str__(self) -> str:
        return self.public_id
