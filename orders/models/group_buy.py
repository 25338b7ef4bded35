import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core import transitions
from core.models.base import public_id_field
from core.naming import named
from orders.models.order import Order
from orders.states import (
    BUY_GROUP_STEPS,
    GROUP_BUY_STEPS,
    GROUP_SEAT_STEPS,
    BuyGroupState,
    GroupBuyState,
    GroupSeatState,
)

FROZEN = (
    "slug", "sku_id", "channels", "price_minor", "currency", "size", "hours", "most_groups",
    "per_person", "starts_at", "subsidy_minor", "subsidy_sha",
)  # fmt: skip
_CHANGES = " or ".join(f'OLD."{name}" is distinct from NEW."{name}"' for name in FROZEN)
_PROMISE = " or ".join(
    f'OLD."{name}" is distinct from NEW."{name}"'
    for name in ("buy_id", "size", "deadline", "public_id")
)


class GroupBuy(models.Model):
    """A good at a price for so many buyers who come together in so many hours (M4)."""

    public_id = public_id_field("gby")
    slug = models.SlugField(_("address"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=80)
    name_en = models.CharField(_("name in English"), max_length=80, blank=True, default="")
    sku = models.ForeignKey("catalog.Sku", models.PROTECT, related_name="+", verbose_name=_("SKU"))
    channels = models.JSONField(_("in these channels"), default=list, blank=True)
    price_minor = models.BigIntegerField(_("group price"))
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    size = models.PositiveSmallIntegerField(_("buyers in a group"), default=3)
    hours = models.PositiveSmallIntegerField(_("hours to fill"), default=24)
    # Open and full ones count; a group that ran out of time makes room for another.
    most_groups = models.PositiveIntegerField(_("groups in all"), default=100)
    per_person = models.PositiveIntegerField(_("seats per person"), default=1)
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"))
    # What all seats together may cost under the floor; it counts while two persons agreed to it.
    subsidy_minor = models.BigIntegerField(_("subsidy budget"), default=0, blank=True)
    subsidy_sha = models.CharField(max_length=64, blank=True, default="", editable=False)
    opened = models.PositiveIntegerField(_("groups open or full"), default=0, editable=False)
    state = models.CharField(
        _("state"), max_length=8, choices=GroupBuyState, default=GroupBuyState.DRAFT
    )
    state_at = models.DateTimeField(_("in this state since"))
    created_at = models.DateTimeField(_("made at"))
    created_by = models.CharField(_("made by"), max_length=48)

    class Meta:
        verbose_name = _("group buy")
        verbose_name_plural = _("group buys")
        ordering = ["-starts_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(starts_at__lt=F("ends_at")), name="orders_groupbuy_dates"
            ),
            models.CheckConstraint(
                condition=Q(
                    price_minor__gte=0, subsidy_minor__gte=0, size__range=(2, 50),
                    hours__range=(1, 168), most_groups__range=(1, 100_000), per_person__gte=1,
                )
                & Q(opened__lte=F("most_groups")),
                name="orders_groupbuy_numbers",
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["sku"], name="orders_groupbuy_live", condition=Q(state="live"))
        ]
        triggers = [
            transitions.guard(GROUP_BUY_STEPS),
            # What buyers are promised stands still from the moment it is switched on.
            pgtrigger.Protect(
                name="orders_groupbuy_frozen",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(f"OLD.state <> 'draft' and ({_CHANGES})"),
            ),
        ]

    def __str__(self) -> str:
        return named(self)


class BuyGroup(models.Model):
    """One group of buyers: so many seats until a deadline; its public id is its share link."""

    public_id = public_id_field("grp")
    buy = models.ForeignKey(
        GroupBuy, models.PROTECT, related_name="groups", verbose_name=_("group buy")
    )
    size = models.PositiveSmallIntegerField(_("seats"))
    deadline = models.DateTimeField(_("deadline"))
    # Both are changed by conditional updates only: these decide who has the last seat.
    taken = models.PositiveSmallIntegerField(_("seats taken"), default=0)
    paid = models.PositiveSmallIntegerField(_("seats paid"), default=0)
    state = models.CharField(
        _("state"), max_length=8, choices=BuyGroupState, default=BuyGroupState.OPEN
    )
    state_at = models.DateTimeField(_("in this state since"))
    opened_at = models.DateTimeField(_("opened at"))

    class Meta:
        verbose_name = _("group of buyers")
        verbose_name_plural = _("groups of buyers")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(taken__lte=F("size"), paid__lte=F("taken")),
                name="orders_buygroup_seats",
            ),
            models.CheckConstraint(
                condition=~Q(state="full") | Q(paid=F("size")), name="orders_buygroup_full"
            ),
        ]
        indexes = [
            models.Index(
                fields=["deadline"], name="orders_buygroup_open", condition=Q(state="open")
            )
        ]
        triggers = [
            transitions.guard(BUY_GROUP_STEPS),
            pgtrigger.Protect(
                name="orders_buygroup_promise",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(_PROMISE),
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class GroupSeat(models.Model):
    """An order's seat in a group. It is kept when its buyer leaves, for whoever asks later."""

    group = models.ForeignKey(BuyGroup, models.PROTECT, related_name="seats")
    order = models.OneToOneField(Order, models.PROTECT, related_name="group_seat")
    # Every name the buyer is known by (public id, index of the contact): one seat for all of them.
    people = models.JSONField(default=list)
    mask = models.CharField(_("name as shown"), max_length=24, blank=True, default="")
    state = models.CharField(
        _("state"), max_length=8, choices=GroupSeatState, default=GroupSeatState.HELD
    )
    taken_at = models.DateTimeField(_("taken at"))

    class Meta:
        verbose_name = _("seat in a group")
        verbose_name_plural = _("seats in groups")
        ordering = ["id"]
        triggers = [transitions.guard(GROUP_SEAT_STEPS)]

    def __str__(self) -> str:
        return f"{self.group_id}#{self.pk}"
