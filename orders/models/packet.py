"""Red packets: what a buyer may share, cut into random shares when it opens."""

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core import transitions
from core.models.base import LeasedWork, public_id_field
from orders.models.reward import Budgeted, RewardKind, dates_rightly
from orders.states import PACKET_STEPS, SHARE_STEPS, PacketState, ShareState

MOST_SHARES = 100


class PacketTemplate(Budgeted):
    """Which packet a finished order gives its buyer to share. `most_times` counts packets."""

    public_id = public_id_field("pkt")
    kind = models.CharField(
        _("what is in it"), max_length=8, default=RewardKind.POINTS,
        choices=[(RewardKind.POINTS.value, _("Points")), (RewardKind.COUPON.value, _("Coupons"))],
    )  # fmt: skip
    points = models.PositiveIntegerField(
        _("points in one packet"),
        default=0,
        help_text=_("Split at random; each share has one or more."),
    )
    coupon = models.ForeignKey(
        "orders.Promotion", models.PROTECT, null=True, blank=True, db_index=False,
        related_name="+", verbose_name=_("coupon"),
    )  # fmt: skip
    worth_minor = models.PositiveIntegerField(_("worth of one coupon (minor units)"), default=0)
    shares = models.PositiveSmallIntegerField(_("shares"), default=10)
    hours = models.PositiveSmallIntegerField(_("open for hours"), default=24)
    minimum_minor = models.PositiveIntegerField(
        _("for orders of at least (minor units)"), default=1
    )
    a_day = models.PositiveSmallIntegerField(_("packets per person and day"), default=1)

    class Meta:
        verbose_name = _("red packet")
        verbose_name_plural = _("red packets")
        ordering = ["-id"]
        constraints = [
            dates_rightly("orders_packettemplate_dates"),
            models.CheckConstraint(
                condition=Q(
                    shares__gte=1, shares__lte=MOST_SHARES, hours__gte=1, minimum_minor__gte=1
                ),
                name="orders_packettemplate_terms",
            ),
            models.CheckConstraint(
                condition=Q(kind="points", points__gte=F("shares"))
                | Q(kind="coupon", coupon__isnull=False),
                name="orders_packettemplate_what",
            ),
        ]


class Packet(LeasedWork):
    """One buyer's packet. `not_before` is when what nobody opened lapses.

    `seed` cut it: anybody who may see it can cut it again (promotions/packet_cut.py).
    """

    public_id = public_id_field("pck")
    template = models.ForeignKey(
        PacketTemplate, models.PROTECT, related_name="packets", verbose_name=_("red packet")
    )
    order = models.OneToOneField(
        "orders.Order", models.PROTECT, to_field="public_id", related_name="packet",
        verbose_name=_("order"),
    )  # fmt: skip
    owner = models.CharField(_("owner"), max_length=24)
    kind = models.CharField(_("what is in it"), max_length=8, choices=RewardKind)
    points = models.PositiveIntegerField(_("points"), default=0)
    promotion = models.ForeignKey(
        "orders.Promotion", models.PROTECT, null=True, blank=True, db_index=False,
        related_name="+", verbose_name=_("coupon"),
    )  # fmt: skip
    worth_minor = models.PositiveIntegerField(_("worth of one coupon (minor units)"), default=0)
    shares_made = models.PositiveSmallIntegerField(_("shares"))
    points_days = models.PositiveSmallIntegerField(_("points are good for days"), null=True)
    seed = models.CharField(_("seed"), max_length=64, editable=False)
    state = models.CharField(
        _("state"), max_length=8, choices=PacketState, default=PacketState.OPEN
    )
    state_at = models.DateTimeField(_("in this state since"))
    ends_at = models.DateTimeField(_("open until"))
    created_at = models.DateTimeField(_("made at"))

    class Meta:
        verbose_name = _("shared packet")
        verbose_name_plural = _("shared packets")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="open", not_before__isnull=False)
                | (~Q(state="open") & Q(not_before__isnull=True)),
                name="orders_packet_queue",
            )
        ]
        indexes = [
            models.Index(fields=["owner", "-id"], name="orders_packet_owner"),
            models.Index(
                fields=["not_before"], name="orders_packet_due",
                condition=Q(not_before__isnull=False),
            ),
        ]  # fmt: skip
        triggers = [
            transitions.guard(PACKET_STEPS),
            pgtrigger.ReadOnly(
                name="orders_packet_fixed",
                fields=[
                    "public_id", "template", "order", "owner", "kind", "points", "promotion",
                    "worth_minor", "shares_made", "points_days", "seed", "ends_at", "created_at",
                ],
            ),
            pgtrigger.Protect(name="orders_packet_kept", operation=pgtrigger.Delete),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.public_id


class PacketShare(models.Model):
    """A share cut beforehand: taken by one person, or lapsed."""

    public_id = public_id_field("shr")
    packet = models.ForeignKey(Packet, models.PROTECT, db_index=False, related_name="shares")
    number = models.PositiveSmallIntegerField(_("number"))
    points = models.PositiveIntegerField(_("points"), default=0)
    owner = models.CharField(_("opened by"), max_length=24, blank=True, default="")
    state = models.CharField(_("state"), max_length=8, choices=ShareState, default=ShareState.FREE)
    state_at = models.DateTimeField(_("in this state since"))

    class Meta:
        verbose_name = _("share of a packet")
        verbose_name_plural = _("shares of packets")
        ordering = ["packet", "number"]
        constraints = [
            models.UniqueConstraint(fields=["packet", "number"], name="orders_packetshare_number"),
            models.UniqueConstraint(
                fields=["packet", "owner"], condition=~Q(owner=""),
                name="orders_packetshare_person",
            ),
            models.CheckConstraint(
                condition=(Q(state="taken") & ~Q(owner="")) | (~Q(state="taken") & Q(owner="")),
                name="orders_packetshare_owner",
            ),
        ]  # fmt: skip
        triggers = [
            transitions.guard(SHARE_STEPS),
            pgtrigger.ReadOnly(
                name="orders_packetshare_fixed", fields=["public_id", "packet", "number", "points"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.packet_id}#{self.number}"
