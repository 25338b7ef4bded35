from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.models.base import AppendOnly, LeasedWork, public_id_field
from core.transitions import guard
from fulfillment.states import ATTEMPT_TRANSITIONS, OPEN_ATTEMPT, AttemptState


class Attempt(LeasedWork):
    """One try to buy one unit at one supplier, under one number that is never used again.

    `prepared` and then `sent` are committed before the first byte leaves: after a crash
    `prepared` means not sent and `sent` means unknown (reliability.md section 0, rule 6).
    """

    public_id = public_id_field("att")
    delivery = models.ForeignKey("fulfillment.Delivery", models.PROTECT, related_name="attempts")
    supplier = models.ForeignKey("fulfillment.Supplier", models.PROTECT, related_name="attempts")
    offer = models.ForeignKey("fulfillment.SupplierOffer", models.PROTECT, db_index=False)
    # Our number at the supplier: [0-9A-Z], at most 32, from core.ids.new_number.
    number = models.CharField(_("our number"), max_length=32)
    supplier_sku = models.CharField(max_length=64)
    state = models.CharField(
        _("state"), max_length=12, choices=AttemptState, default=AttemptState.PREPARED
    )
    supplier_no = models.CharField(_("supplier's number"), max_length=64, blank=True, default="")
    cost_minor = models.BigIntegerField(_("charged (minor units)"), null=True, blank=True)
    max_cost_minor = models.BigIntegerField(_("at most (minor units)"))
    currency = models.CharField(max_length=3, default="CNY")
    answer_code = models.CharField(_("answer"), max_length=64, blank=True, default="")
    created_at = models.DateTimeField(_("created at"))
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    next_query_at = models.DateTimeField(_("next query"), null=True, blank=True)
    query_count = models.PositiveIntegerField(_("queries"), default=0)
    not_found_count = models.PositiveSmallIntegerField(default=0)
    not_found_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    # Let through a breaker that was half open, to see whether the supplier answers again.
    probe = models.BooleanField(default=False, db_default=False)

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["number"], name="fulfillment_attempt_number_once"),
            # Never two purchases for one unit: while one is open, or once one has succeeded,
            # the database refuses another attempt (INV-D4, INV-D5).
            models.UniqueConstraint(
                fields=["delivery"],
                condition=Q(state__in=[*sorted(OPEN_ATTEMPT), AttemptState.SUCCEEDED]),
                name="fulfillment_attempt_one_live",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_query_at"],
                name="fulfillment_attempt_due",
                condition=Q(next_query_at__isnull=False),
            ),
            # The worker's lanes of questions: what is due, supplier by supplier.
            models.Index(
                fields=["supplier", "next_query_at"],
                name="fulfillment_attempt_lane",
                condition=Q(next_query_at__isnull=False),
            ),
            # A day's purchases beside the supplier's statement.
            models.Index(fields=["supplier", "sent_at"], name="fulfillment_attempt_sent"),
            models.Index(
                # The trace: a supplier's reference, whoever the supplier is.
                fields=["supplier_no"],
                name="fulfillment_attempt_their_no",
                condition=~Q(supplier_no=""),
            ),
        ]
        triggers = [guard(ATTEMPT_TRANSITIONS)]

    def __str__(self) -> str:
        return self.number


class SupplierEvent(AppendOnly):
    """What a supplier said, as it was heard, whether or not anything followed from it."""

    class Source(models.TextChoices):
        ANSWER = "answer", _("Answer")
        QUERY = "query", _("Query")
        CALLBACK = "callback", _("Callback")
        STATEMENT = "statement", _("Statement")

    supplier = models.ForeignKey("fulfillment.Supplier", models.PROTECT, db_index=False)
    attempt = models.ForeignKey(
        Attempt, models.PROTECT, null=True, blank=True, related_name="events"
    )
    source = models.CharField(_("source"), max_length=10, choices=Source)
    verdict = models.CharField(_("verdict"), max_length=12)
    # The signature, key and freshness checks passed.
    trusted = models.BooleanField(_("trusted"))
    number = models.CharField(max_length=64, blank=True, default="")
    supplier_no = models.CharField(max_length=64, blank=True, default="")
    cost_minor = models.BigIntegerField(null=True, blank=True)
    code = models.CharField(max_length=64, blank=True, default="")
    problem = models.CharField(max_length=200, blank=True, default="")
    status = models.PositiveSmallIntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True, default="")
    dedupe_key = models.CharField(max_length=80, blank=True, default="")
    # How long our call took; nothing for a message that came unasked.
    took_ms = models.PositiveIntegerField(_("took (ms)"), null=True, blank=True)
    at = models.DateTimeField(_("at"))

    class Meta(AppendOnly.Meta):
        verbose_name = _("supplier's message")
        verbose_name_plural = _("suppliers' messages")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["supplier", "dedupe_key"],
                condition=~Q(dedupe_key=""),
                name="fulfillment_supplierevent_once",
            )
        ]
        indexes = [
            # The breaker: the newest answers of a supplier.
            models.Index(
                fields=["supplier", "-id"],
                name="fulfillment_supplierevent_new",
                condition=Q(source="answer"),
            ),
            # The same for questions.
            models.Index(
                fields=["supplier", "-id"],
                name="fulfillment_supplierevent_asks",
                condition=Q(source="query"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.verdict}"
