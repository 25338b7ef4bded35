"""Lotteries: a prize table that is committed to before the first draw, chances, draws and awards.

How a draw is made and checked is told in `orders/promotions/draw.py`.
"""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core import transitions
from core.models.base import AppendOnly, LeasedWork, public_id_field
from core.naming import named
from orders.models.promised import kept_once_promised
from orders.promotions.draw import LARGEST_WHOLE
from orders.states import AWARD_STEPS, LOTTERY_STEPS, AwardState, LotteryState

# What was promised when it opened: none of it changes afterwards.
_PROMISED = (
    "slug", "name", "name_en", "whole", "draws_most", "starts_at", "ends_at", "commitment",
    "table_text", "budget_minor", "channel_id",
)  # fmt: skip


class Lottery(models.Model):
    """Prizes by chance. `drawn` is the number of the last draw; the next one gets the next number."""

    public_id = public_id_field("lot")
    slug = models.SlugField(_("address"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=120)
    name_en = models.CharField(_("English name"), max_length=120)
    rules = models.TextField(_("rules for people"), blank=True, default="", max_length=4000)
    rules_en = models.TextField(_("rules in English"), blank=True, default="", max_length=4000)
    channel = models.ForeignKey(
        "catalog.Channel", models.PROTECT, db_index=False, related_name="+",
        verbose_name=_("channel"),
    )  # fmt: skip
    whole = models.PositiveIntegerField(
        _("whole of the odds"), default=10_000,
        help_text=_("Odds are so many of this number; they must sum to it."),
    )  # fmt: skip
    draws_most = models.PositiveIntegerField(_("draws at most"), default=10_000)
    a_person = models.PositiveIntegerField(_("chances per person"), default=30)
    a_day = models.PositiveIntegerField(_("chances per person and day"), default=5)
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"))
    budget_minor = models.BigIntegerField(
        _("budget (minor units)"), default=0,
        help_text=_("What all prizes together may cost at most; two persons agree to it."),
    )  # fmt: skip
    state = models.CharField(
        _("state"), max_length=8, choices=LotteryState, default=LotteryState.DRAFT
    )
    state_at = models.DateTimeField(_("in this state since"), editable=False)
    drawn = models.PositiveIntegerField(_("draws"), default=0, editable=False)
    # Sealed with context `orders_lottery:seed_sealed:<public_id>`: the seed in hex.
    seed_sealed = models.BinaryField(null=True, editable=False)
    # The seed for everybody, once it is over.
    seed = models.CharField(max_length=64, blank=True, default="", editable=False)
    commitment = models.CharField(max_length=64, blank=True, default="", editable=False)
    table_text = models.TextField(blank=True, default="", editable=False)
    by = models.CharField(_("by"), max_length=48, editable=False)
    created_at = models.DateTimeField(_("made at"), editable=False)

    class Meta:
        verbose_name = _("lottery")
        verbose_name_plural = _("lotteries")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(whole__gte=1, whole__lte=LARGEST_WHOLE), name="orders_lottery_whole"
            ),
            models.CheckConstraint(
                condition=Q(starts_at__lt=F("ends_at")), name="orders_lottery_times"
            ),
            models.CheckConstraint(
                condition=Q(drawn__lte=F("draws_most")), name="orders_lottery_draws"
            ),
            models.CheckConstraint(condition=Q(budget_minor__gte=0), name="orders_lottery_budget"),
            # Before the reveal nobody sees the seed; after it everybody does.
            models.CheckConstraint(
                condition=(Q(state="revealed") & ~Q(seed="")) | (~Q(state="revealed") & Q(seed="")),
                name="orders_lottery_seed",
            ),
            models.CheckConstraint(
                condition=Q(state="draft") | (~Q(commitment="") & ~Q(table_text="")),
                name="orders_lottery_committed",
            ),
        ]
        indexes = [
            models.Index(
                fields=["ends_at"], name="orders_lottery_live",
                condition=Q(state__in=["open", "closed"]),
            )
        ]  # fmt: skip
        triggers = [
            transitions.guard(LOTTERY_STEPS),
            *kept_once_promised("orders_lottery_promise", "orders_lottery_kept", *_PROMISED),
        ]  # fmt: skip

    def __str__(self) -> str:
        return named(self)

    @property
    def context(self) -> str:
        """What its sealed seed is bound to."""
        return f"orders_lottery:seed_sealed:{self.public_id}"


class Prize(models.Model):
    """A line of the prize table. `fixed` once the lottery is open; `kind` is a key of PRIZES."""

    lottery = models.ForeignKey(Lottery, models.CASCADE, related_name="prizes")
    # By which the published table and every draw names it.
    key = models.SlugField(_("key"), max_length=24)
    position = models.PositiveSmallIntegerField(_("order"), default=0)
    name = models.CharField(_("name"), max_length=80)
    name_en = models.CharField(_("English name"), max_length=80)
    kind = models.CharField(_("kind"), max_length=16, default="nothing")
    sku = models.ForeignKey(
        "catalog.Sku", models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("SKU"),
    )  # fmt: skip
    # What the kind needs besides: the code of a coupon, say.
    ref = models.CharField(_("which one"), max_length=64, blank=True, default="")
    amount = models.PositiveIntegerField(_("how many"), default=1)
    odds = models.PositiveIntegerField(_("odds"))
    stock = models.PositiveIntegerField(
        _("pieces"), null=True, blank=True, help_text=_("Empty: no end.")
    )
    cost_minor = models.BigIntegerField(_("cost of one (minor units)"), default=0)
    fallback = models.BooleanField(
        _("instead of what is gone"), default=False,
        help_text=_("What a draw gives when the prize it hit has run out. One line, without end."),
    )  # fmt: skip
    fixed = models.BooleanField(default=False, editable=False)

    class Meta:
        verbose_name = _("prize")
        verbose_name_plural = _("prizes")
        ordering = ["lottery", "position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["lottery", "key"], name="orders_prize_key"),
            models.UniqueConstraint(
                fields=["lottery"], condition=Q(fallback=True), name="orders_prize_fallback"
            ),
            models.CheckConstraint(
                condition=Q(fallback=False) | Q(stock__isnull=True), name="orders_prize_endless"
            ),
            models.CheckConstraint(
                condition=Q(cost_minor__gte=0, amount__gte=1), name="orders_prize_amounts"
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="orders_prize_fixed", operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__fixed=True),
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return named(self)

    @property
    def channel_code(self) -> str:
        """Where it is given."""
        return str(self.lottery.channel.code)


class PrizeUnit(models.Model):
    """One piece of a prize, cut before the lottery opened; taken by one draw."""

    prize = models.ForeignKey(Prize, models.PROTECT, db_index=False, related_name="units")
    taken_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["prize", "id"], name="orders_prizeunit_free",
                condition=Q(taken_at__isnull=True),
            ),
            models.Index(fields=["prize"], name="orders_prizeunit_prize"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.prize_id}/{self.pk}"


class ChanceSource(models.TextChoices):
    ORDER = "order", _("a finished order")
    DAY = "day", _("a day of signing in")
    SHARE = "share", _("a friend who came by a link")
    CODE = "code", _("a code")
    STAFF = "staff", _("given by staff")


class ChanceRule(models.Model):
    """How chances are earned, one row for each way."""

    lottery = models.ForeignKey(Lottery, models.CASCADE, related_name="chance_rules")
    source = models.CharField(_("for"), max_length=8, choices=ChanceSource)
    minimum_minor = models.BigIntegerField(
        _("from (minor units)"), default=0, help_text=_("Orders: what must have been paid.")
    )
    code = models.CharField(
        _("code"), max_length=32, blank=True, default="",
        help_text=_("Codes: what people type, once each."),
    )  # fmt: skip
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("way to a chance")
        verbose_name_plural = _("ways to a chance")
        ordering = ["lottery", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["lottery", "source", "code"], name="orders_chancerule_once"
            ),
            models.CheckConstraint(
                condition=(Q(source="code") & ~Q(code="")) | (~Q(source="code") & Q(code="")),
                name="orders_chancerule_code",
            ),
        ]

    def __str__(self) -> str:
        return self.get_source_display()


class Chance(models.Model):
    """The right to one draw, earned once for each event."""

    lottery = models.ForeignKey(Lottery, models.PROTECT, db_index=False, related_name="chances")
    owner = models.CharField(_("person"), max_length=24)
    source = models.CharField(_("for"), max_length=8, choices=ChanceSource)
    # What happened: an order's id, a day and a person, a friend.
    event = models.CharField(_("event"), max_length=80)
    earned_at = models.DateTimeField(_("earned at"))
    used_at = models.DateTimeField(_("used at"), null=True, blank=True)

    class Meta:
        verbose_name = _("chance")
        verbose_name_plural = _("chances")
        constraints = [
            models.UniqueConstraint(
                fields=["lottery", "source", "event"], name="orders_chance_event"
            )
        ]
        indexes = [
            models.Index(
                fields=["lottery", "owner", "id"], name="orders_chance_free",
                condition=Q(used_at__isnull=True),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.source} {self.event}"


class Draw(AppendOnly):
    """A draw with everything from which anybody can compute it again, once the seed is known."""

    public_id = public_id_field("drw")
    lottery = models.ForeignKey(Lottery, models.PROTECT, db_index=False, related_name="draws")
    number = models.PositiveIntegerField(_("number"))
    client = models.CharField(_("player's part"), max_length=32)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+",
        verbose_name=_("person"),
    )  # fmt: skip
    owner = models.CharField(_("person"), max_length=24)
    form_token = models.CharField(max_length=64, editable=False)
    chance = models.OneToOneField(Chance, models.PROTECT, related_name="draw")
    # The prize that was hit, and what it came to: the fallback when that was gone.
    hit = models.ForeignKey(Prize, models.PROTECT, db_index=False, related_name="+")
    prize = models.ForeignKey(Prize, models.PROTECT, related_name="draws", verbose_name=_("prize"))
    unit = models.OneToOneField(PrizeUnit, models.PROTECT, null=True, related_name="draw")
    at = models.DateTimeField(_("at"))

    class Meta(AppendOnly.Meta):
        verbose_name = _("draw")
        verbose_name_plural = _("draws")
        ordering = ["lottery", "number"]
        constraints = [
            models.UniqueConstraint(fields=["lottery", "number"], name="orders_draw_number"),
            # One click is one draw.
            models.UniqueConstraint(fields=["lottery", "form_token"], name="orders_draw_form"),
            models.CheckConstraint(condition=Q(number__gte=1), name="orders_draw_from_one"),
        ]
        indexes = [models.Index(fields=["lottery", "owner", "-number"], name="orders_draw_owner")]

    def __str__(self) -> str:
        return f"{self.lottery_id}#{self.number}"


class Award(LeasedWork):
    """A prize on its way to its winner; its own queue row, so that a crash never loses a prize.

    `not_before` is when it is next tried; null once it is over.
    """

    public_id = public_id_field("awd")
    draw = models.OneToOneField(Draw, models.PROTECT, related_name="award", verbose_name=_("draw"))
    prize = models.ForeignKey(Prize, models.PROTECT, db_index=False, verbose_name=_("prize"))
    owner = models.CharField(_("person"), max_length=24)
    # What the prize became: an order, a coupon, a posting.
    result = models.CharField(_("became"), max_length=48, blank=True, default="")
    last_error = models.CharField(_("last error"), max_length=200, blank=True, default="")
    state = models.CharField(
        _("state"), max_length=8, choices=AwardState, default=AwardState.WAITING
    )
    state_at = models.DateTimeField(_("in this state since"))
    created_at = models.DateTimeField(_("won at"))

    class Meta:
        verbose_name = _("prize won")
        verbose_name_plural = _("prizes won")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=(Q(state="waiting") & Q(not_before__isnull=False))
                | (~Q(state="waiting") & Q(not_before__isnull=True)),
                name="orders_award_queue",
            )
        ]
        indexes = [
            models.Index(
                fields=["not_before"], name="orders_award_due",
                condition=Q(not_before__isnull=False),
            )
        ]  # fmt: skip
        triggers = [transitions.guard(AWARD_STEPS)]

    def __str__(self) -> str:
        return self.public_id
