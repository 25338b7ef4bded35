from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core import transitions
from orders.models.order import Order
from orders.states import WAIT_STEPS, WaitState


class WaitKind(models.TextChoices):
    STOCK = "stock", _("Stock")
    REVIEW = "review", _("Review")
    GROUP = "group", _("Group")


class OrderWait(models.Model):
    """Something stands between a paid order and its goods, until a deadline."""

    order = models.ForeignKey(Order, models.PROTECT, related_name="waits", verbose_name=_("order"))
    kind = models.CharField(_("kind"), max_length=8, choices=WaitKind)
    # SKUs that were short when the money came.
    sku_ids = models.JSONField(_("SKUs that are short"), default=list)
    deadline = models.DateTimeField(_("deadline"))
    state = models.CharField(_("state"), max_length=12, choices=WaitState, default=WaitState.OPEN)
    created_at = models.DateTimeField(_("created at"))
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta:
        verbose_name = _("wait")
        verbose_name_plural = _("waits")
        constraints = [
            models.UniqueConstraint(
                fields=["order", "kind"], condition=Q(state="open"), name="orders_wait_open_once"
            )
        ]
        indexes = [
            models.Index(fields=["deadline"], name="orders_wait_open", condition=Q(state="open"))
        ]
        triggers = [transitions.guard(WAIT_STEPS)]

    def __str__(self) -> str:
        return f"{self.order_id}: {self.kind}"
