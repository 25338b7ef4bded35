from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.models.base import AppendOnly
from fulfillment.states import CircuitState

#: A unit is bought from at most this many offers, whatever a policy says.
MOST_ATTEMPTS = 10
WHOLE_BP = 10_000


class RoutePolicy(models.Model):
    """How a SKU's suppliers are asked: in which order, how many, and never at a loss beyond this.

    A SKU without a row is bought in the offers' fixed order, at most three, never under its price.
    """

    class Policy(models.TextChoices):
        FIXED = "fixed", _("Fixed order")
        CHEAPEST = "cheapest", _("Cheapest first")
        WEIGHTED = "weighted", _("By weight")
        FASTEST = "fastest", _("Fastest first")

    sku = models.OneToOneField("catalog.Sku", models.CASCADE, related_name="route_policy")
    policy = models.CharField(_("policy"), max_length=10, choices=Policy, default=Policy.FIXED)
    max_attempts = models.PositiveSmallIntegerField(
        _("suppliers asked at most"),
        default=3,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_ATTEMPTS)],
        help_text=_("After so many definite refusals the unit has failed and its money goes back."),
    )
    margin_floor_minor = models.BigIntegerField(
        _("least margin (minor units)"),
        default=0,
        validators=[MinValueValidator(0)],
        help_text=_("A purchase that would leave less of what the buyer paid waits for a person."),
    )
    margin_floor_bp = models.PositiveIntegerField(
        _("least margin (1/100 %)"),
        default=0,
        validators=[MaxValueValidator(WHOLE_BP)],
        help_text=_("The same as a share of what the buyer paid; the greater of the two counts."),
    )
    # Null: only the offer's own highest cost guards the price.
    price_guard_bp = models.PositiveIntegerField(
        _("price guard (1/100 %)"),
        null=True,
        blank=True,
        validators=[MaxValueValidator(WHOLE_BP)],
        help_text=_(
            "How far above an offer's known cost a purchase may go. Empty: its highest cost."
        ),
    )
    overflow = models.BooleanField(
        _("do not wait for a busy supplier"),
        default=True,
        help_text=_(
            "On: when the first has no call free, the next is asked. Off: the unit waits for it."
        ),
    )

    class Meta:
        verbose_name = _("routing policy")
        verbose_name_plural = _("routing policies")
        ordering = ["sku_id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(max_attempts__gte=1, max_attempts__lte=MOST_ATTEMPTS),
                name="fulfillment_routepolicy_attempts",
            ),
            models.CheckConstraint(
                condition=Q(margin_floor_minor__gte=0, margin_floor_bp__lte=WHOLE_BP),
                name="fulfillment_routepolicy_floor",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sku_id} {self.policy}"


class SupplierCircuit(models.Model):
    """The breaker of one kind of call at one supplier (R-SUP-6). No row: closed, never opened."""

    class Operation(models.TextChoices):
        ORDER = "order", _("Purchases")
        QUERY = "query", _("Questions")

    supplier = models.ForeignKey("fulfillment.Supplier", models.CASCADE, related_name="circuits")
    operation = models.CharField(max_length=8, choices=Operation)
    state = models.CharField(max_length=10, choices=CircuitState, default=CircuitState.CLOSED)
    opened_at = models.DateTimeField(null=True, blank=True)
    # Nothing new is bought before this; after it, probes are let through.
    until = models.DateTimeField(null=True, blank=True)
    # Seconds of the pause that is on, before any scaling; doubled when a probe fails.
    pause_seconds = models.PositiveIntegerField(default=0)
    # Probes let through, and those of them that were answered well.
    probes = models.PositiveSmallIntegerField(default=0)
    probes_good = models.PositiveSmallIntegerField(default=0)
    probed_at = models.DateTimeField(null=True, blank=True)
    why = models.CharField(max_length=40, blank=True, default="")

    class Meta:
        verbose_name = _("circuit")
        verbose_name_plural = _("circuits")
        constraints = [
            models.UniqueConstraint(
                fields=["supplier", "operation"], name="fulfillment_circuit_once"
            ),
            models.CheckConstraint(
                condition=Q(state=CircuitState.CLOSED) | Q(until__isnull=False),
                name="fulfillment_circuit_open_has_end",
            ),
            models.CheckConstraint(
                condition=Q(probes__lte=3, probes_good__lte=3), name="fulfillment_circuit_probes"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.supplier_id} {self.operation} {self.state}"


class SupplierSlot(models.Model):
    """One call that may be open at a supplier. Taken before a purchase, in whichever process.

    A row per call and not a counter: a process that dies leaves a slot that frees itself at
    `until`, and no two wait for each other's row.
    """

    supplier = models.ForeignKey("fulfillment.Supplier", models.CASCADE, related_name="slots")
    number = models.PositiveSmallIntegerField()
    # Our number of the purchase that has it; the same as the attempt's.
    holder = models.CharField(max_length=32, blank=True, default="")
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("call slot")
        verbose_name_plural = _("call slots")
        constraints = [
            models.UniqueConstraint(fields=["supplier", "number"], name="fulfillment_slot_once"),
        ]

    def __str__(self) -> str:
        return f"{self.supplier_id} {self.number}"


class SupplierPace(models.Model):
    """When a supplier with a rate limit may be called next; moved by every call (GCRA)."""

    supplier = models.OneToOneField("fulfillment.Supplier", models.CASCADE, related_name="pace")
    free_at = models.DateTimeField()

    class Meta:
        verbose_name = _("pace")
        verbose_name_plural = _("paces")

    def __str__(self) -> str:
        return f"{self.supplier_id} {self.free_at}"


class RouteDecision(AppendOnly):
    """Why a unit was bought where it was, or why nowhere: every offer looked at, with its reason."""

    delivery = models.ForeignKey("fulfillment.Delivery", models.PROTECT, related_name="decisions")
    # The purchase that followed; none when the unit waits or goes to a person.
    attempt = models.OneToOneField(
        "fulfillment.Attempt", models.PROTECT, null=True, blank=True, related_name="decision"
    )
    policy = models.CharField(_("policy"), max_length=10)
    # Key of why nobody was asked; empty when somebody was.
    why = models.CharField(_("why"), max_length=40, blank=True, default="")
    # [{offer, supplier, name, sku, cost, limit, currency, place, why, ...}], in the order of asking.
    considered = models.JSONField(default=list)
    at = models.DateTimeField(_("at"))

    class Meta(AppendOnly.Meta):
        verbose_name = _("routing decision")
        verbose_name_plural = _("routing decisions")
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.delivery_id} {self.policy} {self.why}"
