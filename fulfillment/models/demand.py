from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class DailyDemand(models.Model):
    """Units of a SKU that were paid for on one day where the shop is. A read-model of deliveries.

    A day on which the pool stood empty for long says what could be sold, not what was wanted: it is
    ``sold_out`` and forecasts leave it aside.
    """

    sku = models.ForeignKey("catalog.Sku", models.PROTECT, db_index=False, related_name="demand")
    day = models.DateField(_("day"))
    units = models.PositiveIntegerField(_("units"))
    sold_out = models.BooleanField(_("sold out"), default=False)
    # Brought from another system by a person: there are no deliveries behind it, nothing counts it anew.
    told = models.BooleanField(default=False, db_default=False, editable=False)
    counted_at = models.DateTimeField(_("counted at"))

    class Meta:
        verbose_name = _("demand of a day")
        verbose_name_plural = _("demand by day")
        ordering = ["-day", "sku_id"]
        constraints = [
            models.UniqueConstraint(fields=["sku", "day"], name="fulfillment_demand_day_once")
        ]
        indexes = [models.Index(fields=["day"], name="fulfillment_demand_day")]

    def __str__(self) -> str:
        return f"{self.sku_id} {self.day}: {self.units}"


class SalesOccasion(models.Model):
    """Days that sell otherwise: a holiday, a great sale, a promotion of one SKU planned ahead."""

    # The kind that comes again: what the last one did is expected of the next.
    key = models.SlugField(_("kind"), max_length=40)
    name = models.CharField(_("name"), max_length=60)
    name_en = models.CharField(_("name in English"), max_length=80)
    starts_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("last day"))
    # Empty: for everything in the shop.
    sku = models.ForeignKey(
        "catalog.Sku", models.CASCADE, null=True, blank=True, related_name="occasions"
    )

    class Meta:
        verbose_name = _("occasion")
        verbose_name_plural = _("occasions")
        ordering = ["starts_on", "key"]
        constraints = [
            models.UniqueConstraint(
                fields=["key", "starts_on", "sku"], name="fulfillment_occasion_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(starts_on__lte=F("ends_on")), name="fulfillment_occasion_days"
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.name} {self.starts_on}"


class Forecast(models.Model):
    """What one SKU is expected to sell from the day after ``as_of`` on. Rows of a while are kept."""

    sku = models.ForeignKey("catalog.Sku", models.CASCADE, db_index=False, related_name="forecasts")
    as_of = models.DateField(_("last day counted"))
    made_at = models.DateTimeField(_("made at"))
    # The model in use and the one it was compared with; MASE on the mornings that chose.
    used = models.CharField(_("model"), max_length=8)
    rival = models.CharField(max_length=8)
    stretch = models.FloatField(default=1.0)
    mase_model = models.FloatField(_("error of the model"), null=True)
    mase_naive = models.FloatField(_("error of last week again"), null=True)
    judged_on = models.DateField(_("chosen on"))
    # Units by day, and totals of the first n days by level of certainty in percent.
    mean = models.JSONField()
    low = models.JSONField()
    high = models.JSONField()
    totals = models.JSONField()

    class Meta:
        verbose_name = _("forecast")
        verbose_name_plural = _("forecasts")
        ordering = ["-as_of", "sku_id"]
        constraints = [
            models.UniqueConstraint(fields=["sku", "as_of"], name="fulfillment_forecast_once")
        ]

    def __str__(self) -> str:
        return f"{self.sku_id} {self.as_of}"
