from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.states import Availability


class ChannelShelf(models.Model):
    """What one channel shows of a SKU where that differs from what all others show.

    A read-model, written by fulfillment when a threshold is crossed, as `Sku.availability` is.
    """

    sku = models.ForeignKey("catalog.Sku", models.CASCADE, db_index=False, related_name="shelves")
    channel = models.CharField(_("channel"), max_length=32)
    availability = models.CharField(_("availability"), max_length=3, choices=Availability)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sku", "channel"], name="catalog_shelf_once")
        ]

    def __str__(self) -> str:
        return f"{self.sku_id}@{self.channel}: {self.availability}"
