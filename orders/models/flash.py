import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core import transitions
from core.models.base import public_id_field
from core.naming import named
from orders.models.order import Order
from orders.states import FLASH_STEPS, FLASH_UNIT_STEPS, FlashState, FlashUnitState

FROZEN = (
    "slug", "sku_id", "channels", "price_minor", "currency", "starts_at", "units", "per_person",
    "subsidy_minor", "subsidy_sha",
)  # fmt: skip
_CHANGES = " or ".join(f'OLD."{name}" is distinct from NEW."{name}"' for name in FROZEN)


class FlashSale(models.Model):
    """So many units of one good at a price of their own, between two moments (M3)."""

    public_id = public_id_field("fls")
    slug = models.SlugField(_("address"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=80)
    name_en = models.CharField(_("name in English"), max_length=80, blank=True, default="")
    sku = models.ForeignKey("catalog.Sku", models.PROTECT, related_name="+", verbose_name=_("SKU"))
    channels = models.JSONField(_("in these channels"), default=list, blank=True)
    price_minor = models.BigIntegerField(_("price"))
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"))
    units = models.PositiveIntegerField(_("units"))
    per_person = models.PositiveIntegerField(_("orders per person"), default=1)
    # An unpaid order keeps its unit so long and no longer.
    hold_seconds = models.PositiveIntegerField(_("seconds to pay"), default=180)
    admit_per_second = models.PositiveIntegerField(_("buyers let in a second"), default=50)
    # What the units may cost under the floor, all together; it counts while two persons agreed to it.
    subsidy_minor = models.BigIntegerField(_("subsidy budget"), default=0, blank=True)
    subsidy_sha = models.CharField(max_length=64, blank=True, default="", editable=False)
    state = models.CharField(
        _("state"), max_length=12, choices=FlashState, default=FlashState.DRAFT
    )
    state_at = models.DateTimeField(_("in this state since"))
    created_at = models.DateTimeField(_("made at"))
    created_by = models.CharField(_("made by"), max_length=48)

    class Meta:
        verbose_name = _("flash sale")
        verbose_name_plural = _("flash sales")
        ordering = ["-starts_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(starts_at__lt=F("ends_at")), name="orders_flash_dates"
            ),
            models.CheckConstraint(
                condition=Q(
                    price_minor__gte=0, subsidy_minor__gte=0, per_person__gte=1,
                    units__range=(1, 5000), hold_seconds__range=(30, 3600),
                    admit_per_second__range=(1, 10000),
                ),
                name="orders_flash_numbers",
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(
                fields=["starts_at"], name="orders_flash_open",
                condition=Q(state__in=["scheduled", "live"]),
            )
        ]  # fmt: skip
        triggers = [
            transitions.guard(FLASH_STEPS),
            # What buyers are promised stands still from the moment its units are cut.
            pgtrigger.Protect(
                name="orders_flash_frozen",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(f"OLD.state <> 'draft' and ({_CHANGES})"),
            ),
        ]

    def __str__(self) -> str:
        return named(self)


class FlashUnit(models.Model):
    """The right to one unit at the sale's price; an order takes it in its own transaction."""

    sale = models.ForeignKey(FlashSale, models.PROTECT, db_index=False, related_name="cut")
    order = models.ForeignKey(
        Order, models.PROTECT, null=True, blank=True, db_index=False, related_name="flash_units"
    )
    state = models.CharField(
        _("state"), max_length=8, choices=FlashUnitState, default=FlashUnitState.FREE
    )

    class Meta:
        verbose_name = _("unit of a flash sale")
        verbose_name_plural = _("units of flash sales")
        constraints = [
            models.UniqueConstraint(
                fields=["order"], name="orders_flash_unit_order", condition=Q(order__isnull=False)
            ),
            models.CheckConstraint(
                condition=Q(state="free", order__isnull=True)
                | (~Q(state="free") & Q(order__isnull=False)),
                name="orders_flash_unit_owner",
            ),
        ]
        indexes = [
            models.Index(
                fields=["sale", "id"], name="orders_flash_unit_free", condition=Q(state="free")
            ),
            models.Index(fields=["sale", "state"], name="orders_flash_unit_board"),
        ]
        triggers = [transitions.guard(FLASH_UNIT_STEPS)]

    def __str__(self) -> str:
        return f"{self.sale_id}#{self.pk}"
