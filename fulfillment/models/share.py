from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.models.base import AppendOnly
from fulfillment.states import ShareKind


class PoolShare(models.Model):
    """What one channel may expect of the pool of a SKU: units kept for it, or a highest number.

    Reserved units carry the channel's code themselves (`Code.share`); a cap is cut into tickets
    beforehand (`ShareTicket`). So there is no counter that every sale would have to touch.
    """

    sku = models.ForeignKey("catalog.Sku", models.PROTECT, db_index=False, related_name="shares")
    # The channel's code: fulfillment serves channels by name, as it does orders.
    channel = models.CharField(_("channel"), max_length=32)
    kind = models.CharField(_("kind"), max_length=8, choices=ShareKind)
    # Then what is left goes back to everybody. Empty: never.
    ends_at = models.DateTimeField(_("ends at"), null=True, blank=True)
    # Reserved only: refilled from what is free for everybody when fewer than this are left.
    keep_units = models.PositiveIntegerField(_("keep at least"), default=0)
    created_at = models.DateTimeField(_("created at"))

    class Meta:
        verbose_name = _("share of the pool")
        verbose_name_plural = _("shares of the pool")
        ordering = ["sku_id", "channel", "kind"]
        constraints = [
            models.UniqueConstraint(
                fields=["sku", "channel", "kind"], name="fulfillment_share_once"
            ),
            models.CheckConstraint(condition=~Q(channel=""), name="fulfillment_share_channel"),
            models.CheckConstraint(
                condition=Q(kind=ShareKind.RESERVED) | Q(keep_units=0),
                name="fulfillment_share_keep",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sku_id}@{self.channel}:{self.kind}"


class ShareTicket(models.Model):
    """The right of a capped channel to one unit; tied to the unit while it is held, and once sold."""

    sku = models.ForeignKey("catalog.Sku", models.PROTECT, db_index=False)
    channel = models.CharField(max_length=32)
    code = models.OneToOneField(
        "fulfillment.Code", models.PROTECT, null=True, blank=True, related_name="ticket"
    )

    class Meta:
        indexes = [
            models.Index(
                fields=["sku", "channel", "id"],
                name="fulfillment_ticket_free",
                condition=Q(code=None),
            )
        ]

    def __str__(self) -> str:
        return f"{self.sku_id}@{self.channel}#{self.pk}"


class ShareMove(AppendOnly):
    """Units changed from one channel's share to another's, or a cap changed by so many."""

    sku = models.ForeignKey("catalog.Sku", models.PROTECT, db_index=False)
    kind = models.CharField(_("kind"), max_length=8, choices=ShareKind)
    # Empty: free for everybody. A cap has no giver.
    giver = models.CharField(_("from"), max_length=32, blank=True, default="")
    taker = models.CharField(_("to"), max_length=32, blank=True, default="")
    units = models.IntegerField(_("units"))
    by = models.CharField(_("by"), max_length=48)
    why = models.CharField(_("reason"), max_length=200)
    at = models.DateTimeField(_("at"))

    class Meta(AppendOnly.Meta):
        verbose_name = _("move of shares")
        verbose_name_plural = _("moves of shares")
        ordering = ["-id"]
        indexes = [models.Index(fields=["sku", "-id"], name="fulfillment_move_sku")]

    def __str__(self) -> str:
        return f"{self.units} {self.giver} → {self.taker}"
