import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import transitions
from core.models.base import AppendOnly, public_id_field
from core.naming import named
from orders.promotions.values import Group
from orders.states import PROMOTION_TRANSITIONS, PromotionState


class Kind(models.TextChoices):
    """The kinds of orders/promotions/rules that an operator sets up."""

    SPECIAL_PRICE = "special_price", _("Special price")
    PERCENT_OFF = "percent_off", _("Percentage off")
    AMOUNT_OFF = "amount_off", _("Amount off from a sum on")
    NTH_UNIT = "nth_unit", _("Every n-th for less")
    SEVERAL_FOR = "several_for", _("Several for one price")
    GIFT_WITH = "gift_with", _("Gift with purchase")


class Stack(models.IntegerChoices):
    """Where it stands among the others (docs/pricing.md)."""

    PRICE = Group.PRICE.value, _("1 Price of a good")
    ITEM = Group.ITEM.value, _("2 Offer on goods")
    ORDER = Group.ORDER.value, _("3 Offer on the cart")
    COUPON = Group.COUPON.value, _("4 Coupon")
    GIFT = Group.GIFT.value, _("5 Gift")


class Trigger(models.TextChoices):
    AUTOMATIC = "automatic", pgettext_lazy("promotion", "By itself")
    CODE = "code", _("With a code that everybody may know")
    COUPON = "coupon", _("With a coupon of one's own")


FROZEN = (
    "kind", "params", "stack", "trigger", "code", "goods", "goods_left_out", "minimum_level",
    "members_only", "first_order", "alone", "subsidy_minor", "subsidy_sha", "currency",
)  # fmt: skip
_CHANGES = " or ".join(f'OLD."{name}" is distinct from NEW."{name}"' for name in FROZEN)


class Promotion(models.Model):
    """A rule of the pricing engine as an operator sets it up; terms are `params` by kind."""

    public_id = public_id_field("pro")
    name = models.CharField(_("name"), max_length=80)
    name_en = models.CharField(_("name in English"), max_length=80, blank=True, default="")
    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    params = models.JSONField(_("terms"), default=dict)
    stack = models.PositiveSmallIntegerField(_("place in the stack"), choices=Stack)
    trigger = models.CharField(
        _("how it applies"), max_length=12, choices=Trigger, default=Trigger.AUTOMATIC
    )
    # Compared in capitals.
    code = models.CharField(_("code"), max_length=32, blank=True, default="")
    # Names of goods as the engine knows them: "sku:…", "product:…", "category:…", "brand:…", "tag:…".
    goods = models.JSONField(_("for these goods"), default=list, blank=True)
    goods_left_out = models.JSONField(_("never for these"), default=list, blank=True)
    channels = models.JSONField(_("in these channels"), default=list, blank=True)
    minimum_level = models.PositiveSmallIntegerField(_("from member level"), default=0)
    members_only = models.BooleanField(_("for members only"), default=False)
    first_order = models.BooleanField(_("for a first order only"), default=False)
    starts_at = models.DateTimeField(_("starts"), null=True, blank=True)
    ends_at = models.DateTimeField(_("ends"), null=True, blank=True)
    priority = models.PositiveSmallIntegerField(_("priority"), default=100)
    alone = models.BooleanField(_("not together with others"), default=False)
    most_uses = models.PositiveIntegerField(_("uses in all"), null=True, blank=True)
    most_per_person = models.PositiveIntegerField(_("uses per person"), null=True, blank=True)
    most_minor = models.BigIntegerField(_("money budget (minor units)"), null=True, blank=True)
    # What it may give under the floor of prices. It counts while the terms are those that two
    # persons agreed to (`subsidy_sha`).
    subsidy_minor = models.BigIntegerField(_("subsidy budget (minor units)"), default=0)
    subsidy_sha = models.CharField(max_length=64, blank=True, default="", editable=False)
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    state = models.CharField(
        _("state"), max_length=8, choices=PromotionState, default=PromotionState.DRAFT
    )
    state_at = models.DateTimeField(_("in this state since"))
    created_at = models.DateTimeField(_("made at"))
    created_by = models.CharField(_("made by"), max_length=48)

    class Meta:
        verbose_name = _("promotion")
        verbose_name_plural = _("promotions")
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["code"], name="orders_promotion_code", condition=~Q(code="")
            ),
            models.CheckConstraint(
                condition=Q(starts_at__isnull=True)
                | Q(ends_at__isnull=True)
                | Q(starts_at__lt=F("ends_at")),
                name="orders_promotion_dates",
            ),
            models.CheckConstraint(
                condition=Q(subsidy_minor__gte=0)
                & (Q(most_minor__isnull=True) | Q(most_minor__gte=0)),
                name="orders_promotion_budgets",
            ),
            models.CheckConstraint(
                condition=~Q(trigger="code") | ~Q(code=""), name="orders_promotion_has_code"
            ),
        ]
        indexes = [
            models.Index(
                fields=["ends_at"], name="orders_promotion_live", condition=Q(state="live")
            )
        ]
        triggers = [
            transitions.guard(PROMOTION_TRANSITIONS),
            # Terms stand still while buyers are promised them.
            pgtrigger.Protect(
                name="orders_promotion_frozen",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(f"OLD.state in ('live', 'ended') and ({_CHANGES})"),
            ),
        ]

    def __str__(self) -> str:
        return named(self)


class PromotionUse(AppendOnly):
    """A rule that made an order cheaper, and what it cost. Whether it still counts says the order."""

    order = models.ForeignKey("orders.Order", models.PROTECT, related_name="promotion_uses")
    # The public id of a promotion, or of another thing that made a rule (a plan, a flash sale).
    rule = models.CharField(_("promotion"), max_length=24)
    discount_minor = models.BigIntegerField(_("discount (minor units)"))
    subsidy_minor = models.BigIntegerField(_("of it under the floor (minor units)"))
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    created_at = models.DateTimeField(_("at"))

    class Meta(AppendOnly.Meta):
        verbose_name = _("use of a promotion")
        verbose_name_plural = _("uses of promotions")
        constraints = [
            models.UniqueConstraint(fields=["order", "rule"], name="orders_use_once"),
            models.CheckConstraint(
                condition=Q(discount_minor__gte=0, subsidy_minor__gte=0),
                name="orders_use_amounts",
            ),
        ]
        indexes = [models.Index(fields=["rule", "-id"], name="orders_use_rule")]

    def __str__(self) -> str:
        return f"{self.rule} {self.discount_minor}"
