import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.models.base import public_id_field
from orders.models.payment import Payment


class Verdict(models.TextChoices):
    """What we think of an inbound payment message. Only `genuine` ones may have an effect."""

    GENUINE = "genuine", _("Genuine")
    NOT_PAID = "not_paid", _("Genuine, but not about money received")
    TOO_LARGE = "too_large", _("Too large")
    MALFORMED = "malformed", _("Malformed")
    BAD_ALGORITHM = "bad_algorithm", _("Other signature algorithm")
    UNKNOWN_KEY = "unknown_key", _("Unknown key")
    BAD_SIGNATURE = "bad_signature", _("Bad signature")
    STALE = "stale", _("Too old or from the future")
    WRONG_MERCHANT = "wrong_merchant", _("Other merchant")
    UNKNOWN_NUMBER = "unknown_number", _("No such payment")
    WRONG_PROVIDER = "wrong_provider", _("Payment of another provider")
    WRONG_AMOUNT = "wrong_amount", _("Other amount")
    WRONG_CURRENCY = "wrong_currency", _("Other currency")
    SECOND_TXN = "second_txn", _("Second transaction of one payment")
    USED_TXN = "used_txn", _("Transaction of another payment")


class Outcome(models.TextChoices):
    PENDING = "pending", _("To be processed")
    APPLIED = "applied", _("Applied")
    IGNORED = "ignored", _("No effect")
    REJECTED = "rejected", _("Rejected")
    QUARANTINED = "quarantined", _("Set aside for a person")
    SETTLED = "settled", _("Settled by two persons")


# Signed by the provider, yet it contradicts our books: somebody has to look.
QUARANTINE = frozenset(
    {
        Verdict.WRONG_AMOUNT,
        Verdict.WRONG_CURRENCY,
        Verdict.UNKNOWN_NUMBER,
        Verdict.WRONG_PROVIDER,
        Verdict.WRONG_MERCHANT,
        Verdict.SECOND_TXN,
        Verdict.USED_TXN,
    }
)


class Notice(models.Model):
    """A message from a payment provider, kept as it came, with what we made of it."""

    public_id = public_id_field("ntc")
    provider = models.CharField(_("provider"), max_length=24)
    # Genuine messages by the provider's id, others by their hash: a forgery can never take
    # the place of the real one.
    dedupe = models.CharField(max_length=100)
    received_at = models.DateTimeField(_("received at"))
    ip = models.CharField(_("address"), max_length=45, blank=True, default="")
    size = models.PositiveIntegerField(_("bytes"))
    body = models.BinaryField()
    headers = models.JSONField(_("headers"), default=dict)
    verified = models.BooleanField(_("signature verified"))
    verdict = models.CharField(_("verdict"), max_length=20, choices=Verdict)
    payment = models.ForeignKey(
        Payment,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="notices",
        verbose_name=_("payment"),
    )
    provider_txn = models.CharField(
        _("provider's transaction"), max_length=64, blank=True, default=""
    )
    amount_minor = models.BigIntegerField(_("amount (minor units)"), null=True, blank=True)
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome)
    processed_at = models.DateTimeField(_("processed at"), null=True, blank=True)

    class Meta:
        verbose_name = _("payment notice")
        verbose_name_plural = _("payment notices")
        constraints = [
            models.UniqueConstraint(fields=["provider", "dedupe"], name="orders_notice_once"),
            models.CheckConstraint(
                condition=Q(verified=True) | Q(outcome__in=["rejected", "ignored"]),
                name="orders_notice_unverified",
            ),
        ]
        indexes = [
            models.Index(
                fields=["received_at"],
                name="orders_notice_stuck",
                condition=Q(outcome="pending"),
            ),
            models.Index(
                fields=["received_at"],
                name="orders_notice_aside",
                condition=Q(outcome="quarantined"),
            ),
            models.Index(
                fields=["received_at"],
                name="orders_notice_settled",
                condition=Q(outcome="settled"),
            ),
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="orders_notice_raw",
                fields=[
                    "provider",
                    "dedupe",
                    "received_at",
                    "body",
                    "headers",
                    "verified",
                    "verdict",
                ],
            ),
            pgtrigger.Protect(name="orders_notice_kept", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return self.public_id
