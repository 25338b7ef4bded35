"""Friends who bring friends: the programme, everybody's link, and who came by whose."""

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core import transitions
from core.models.base import LeasedWork, public_id_field
from orders.models.reward import Budgeted, RewardKind, dates_rightly
from orders.states import INVITE_STEPS, InviteState


def _right(side: str) -> Q:
    """A side gets so many points, a coupon, or nothing."""
    kind, points, coupon = f"{side}_kind", f"{side}_points", f"{side}_coupon__isnull"
    return (
        Q(**{kind: RewardKind.NONE})
        | Q(**{kind: RewardKind.POINTS, f"{points}__gte": 1})
        | Q(**{kind: RewardKind.COUPON, coupon: False})
    )


class InviteProgramme(Budgeted):
    """What both sides get when a friend's first order is past its refund window."""

    public_id = public_id_field("ivp")
    inviter_kind = models.CharField(
        _("the inviter gets"), max_length=8, choices=RewardKind, default=RewardKind.POINTS
    )
    inviter_points = models.PositiveIntegerField(_("points for the inviter"), default=0)
    inviter_coupon = models.ForeignKey(
        "orders.Promotion", models.PROTECT, null=True, blank=True, db_index=False,
        related_name="+", verbose_name=_("coupon for the inviter"),
    )  # fmt: skip
    inviter_worth_minor = models.PositiveIntegerField(
        _("worth of the inviter's coupon (minor units)"), default=0
    )
    friend_kind = models.CharField(
        _("the friend gets"), max_length=8, choices=RewardKind, default=RewardKind.POINTS
    )
    friend_points = models.PositiveIntegerField(_("points for the friend"), default=0)
    friend_coupon = models.ForeignKey(
        "orders.Promotion", models.PROTECT, null=True, blank=True, db_index=False,
        related_name="+", verbose_name=_("coupon for the friend"),
    )  # fmt: skip
    friend_worth_minor = models.PositiveIntegerField(
        _("worth of the friend's coupon (minor units)"), default=0
    )
    wait_days = models.PositiveSmallIntegerField(
        _("refund window (days)"), default=7,
        help_text=_("Days from the completion of the friend's first order."),
    )  # fmt: skip
    minimum_minor = models.PositiveIntegerField(
        _("first order of at least (minor units)"), default=1
    )
    per_month = models.PositiveIntegerField(_("rewards per inviter and month"), default=20)

    class Meta:
        verbose_name = _("invite programme")
        verbose_name_plural = _("invite programmes")
        ordering = ["-id"]
        constraints = [
            dates_rightly("orders_inviteprogramme_dates"),
            models.CheckConstraint(
                condition=_right("inviter") & _right("friend"),
                name="orders_inviteprogramme_rewards",
            ),
            models.CheckConstraint(
                condition=Q(minimum_minor__gte=1), name="orders_inviteprogramme_minimum"
            ),
        ]


class InviteLink(models.Model):
    """A person's own link: its public id is the code in it."""

    public_id = public_id_field("ivl")
    owner = models.CharField(_("owner"), max_length=24, unique=True)
    created_at = models.DateTimeField(_("made at"))

    class Meta:
        verbose_name = _("invite link")
        verbose_name_plural = _("invite links")

    def __str__(self) -> str:
        return self.public_id


class SeenDevice(models.Model):
    """A browser somebody was seen with when it mattered: by keyed hash, for judging invitations."""

    owner = models.CharField(_("owner"), max_length=24)
    index = models.BinaryField(max_length=32, editable=False)
    seen_at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("device seen")
        verbose_name_plural = _("devices seen")
        constraints = [
            models.UniqueConstraint(fields=["owner", "index"], name="orders_seendevice_once")
        ]

    def __str__(self) -> str:
        return self.owner


class Invite(LeasedWork):
    """Who came by whose link: one row for each friend, made once, never turned to another inviter.

    `not_before` is when the refund window of the friend's first order is over.
    """

    public_id = public_id_field("inv")
    programme = models.ForeignKey(
        InviteProgramme, models.PROTECT, related_name="invites", verbose_name=_("programme")
    )
    inviter = models.CharField(_("inviter"), max_length=24)
    friend = models.CharField(_("friend"), max_length=24, unique=True)
    order = models.ForeignKey(
        "orders.Order", models.PROTECT, to_field="public_id", null=True, blank=True,
        db_index=False, related_name="+", verbose_name=_("first order"),
    )  # fmt: skip
    reason = models.CharField(_("why"), max_length=40, blank=True, default="")
    # Public id of the risk assessment that decided.
    assessment = models.CharField(_("assessment"), max_length=24, blank=True, default="")
    state = models.CharField(
        _("state"), max_length=10, choices=InviteState, default=InviteState.BOUND
    )
    state_at = models.DateTimeField(_("in this state since"))
    created_at = models.DateTimeField(_("came at"))

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(inviter=F("friend")), name="orders_invite_two_persons"
            ),
            models.CheckConstraint(
                condition=Q(state="waiting", not_before__isnull=False, order__isnull=False)
                | (~Q(state="waiting") & Q(not_before__isnull=True)),
                name="orders_invite_queue",
            ),
        ]
        indexes = [
            models.Index(fields=["inviter", "-id"], name="orders_invite_inviter"),
            models.Index(
                fields=["not_before"], name="orders_invite_due",
                condition=Q(not_before__isnull=False),
            ),
        ]  # fmt: skip
        triggers = [
            transitions.guard(INVITE_STEPS),
            pgtrigger.ReadOnly(
                name="orders_invite_fixed",
                fields=["public_id", "programme", "inviter", "friend", "created_at"],
            ),
            pgtrigger.Protect(name="orders_invite_kept", operation=pgtrigger.Delete),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.public_id
