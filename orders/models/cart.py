import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Cart(models.Model):
    """What somebody thinks of buying. Nothing is promised yet: no price, no stock."""

    token = models.CharField(max_length=32, unique=True, editable=False)
    channel = models.ForeignKey("catalog.Channel", models.CASCADE, db_index=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField()
    touched_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("cart")
        verbose_name_plural = _("carts")

    def __str__(self) -> str:
        return f"{_('cart')} {self.pk}"


class CartLine(models.Model):
    """One item for one recipient. The recipient's account or phone is sealed at rest."""

    # The id is drawn before the row exists: it is part of what the ciphertext is bound to.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    cart = models.ForeignKey(Cart, models.CASCADE, related_name="lines")
    sku = models.ForeignKey("catalog.Sku", models.CASCADE, db_index=False, related_name="+")
    quantity = models.PositiveIntegerField()
    # SKU codes that were chosen inside a bundle.
    picks = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    inputs_sealed = models.BinaryField(null=True, editable=False)
    inputs_masked = models.CharField(max_length=120, blank=True, default="", editable=False)
    inputs_index = models.BinaryField(max_length=32, null=True, editable=False)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("cart line")
        verbose_name_plural = _("cart lines")
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gte=1), name="orders_cartline_some"),
            models.UniqueConstraint(
                fields=["cart", "sku", "inputs_index"],
                nulls_distinct=False,
                name="orders_cartline_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sku_id} x {self.quantity}"
