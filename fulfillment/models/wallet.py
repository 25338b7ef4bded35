"""What happens to things people own: activated, given, reminded of; and links that open them once."""

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from catalog.states import Binding
from core.models.base import AppendOnly, public_id_field
from core.transitions import guard
from fulfillment.states import GIFT_TRANSITIONS, LINK_TRANSITIONS, GiftState, LinkState


class ActivationTerms(AppendOnly):
    """How goods of a SKU are activated, from a moment on; what was issued before keeps its terms.

    Without a row: bound as the product type says, once, and at any time while the goods are good.
    """

    sku = models.ForeignKey("catalog.Sku", models.PROTECT, db_index=False, verbose_name=_("SKU"))
    binding = models.CharField(_("bound to"), max_length=12, choices=Binding, default=Binding.NONE)
    activations = models.PositiveSmallIntegerField(_("activations"), default=1)
    # Window in which it may be activated; empty ends are open.
    opens_at = models.DateTimeField(_("activation opens"), null=True, blank=True)
    closes_at = models.DateTimeField(_("activation closes"), null=True, blank=True)
    # Days after it was received within which it must be activated.
    within_days = models.PositiveSmallIntegerField(_("activate within days"), null=True, blank=True)
    since = models.DateTimeField(_("for goods received from"))
    by = models.CharField(_("by"), max_length=48)

    class Meta(AppendOnly.Meta):
        verbose_name = _("activation terms")
        verbose_name_plural = _("activation terms")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(activations__gte=1, activations__lte=100),
                name="fulfillment_activation_count",
            ),
            models.CheckConstraint(
                condition=Q(opens_at__isnull=True)
                | Q(closes_at__isnull=True)
                | Q(opens_at__lt=F("closes_at")),
                name="fulfillment_activation_window",
            ),
        ]
        indexes = [models.Index(fields=["sku", "-since"], name="fulfillment_activation_sku")]

    def __str__(self) -> str:
        return f"{self.sku} · {self.get_binding_display()} × {self.activations}"


class EntitlementBinding(models.Model):
    """One activation, and what it was bound to: sealed, found by its index, shown masked."""

    public_id = public_id_field("bnd")
    entitlement = models.ForeignKey(
        "fulfillment.Entitlement", models.PROTECT, db_index=False, related_name="bindings"
    )
    number = models.PositiveSmallIntegerField(_("number"))
    kind = models.CharField(_("bound to"), max_length=12, choices=Binding)
    # With context `fulfillment_entitlementbinding:sealed:<public_id>`; empty when nothing is bound.
    sealed = models.BinaryField(null=True, editable=False)
    value_index = models.BinaryField(max_length=32, editable=False)
    masked = models.CharField(_("value"), max_length=64, blank=True, default="")
    by = models.CharField(_("by"), max_length=48)
    ip = models.CharField(_("address"), max_length=45, blank=True, default="")
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("activation")
        verbose_name_plural = _("activations")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["entitlement", "number"], name="fulfillment_binding_number_once"
            ),
            # Pressing twice on one device is one activation.
            models.UniqueConstraint(
                fields=["entitlement", "value_index"], name="fulfillment_binding_value_once"
            ),
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="fulfillment_binding_fixed",
                fields=["entitlement", "number", "kind", "value_index", "masked", "by", "at"],
            )
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def context(self) -> str:
        """What the sealed value is bound to."""
        return f"fulfillment_entitlementbinding:sealed:{self.public_id}"


class Gift(models.Model):
    """A thing on its way to a friend: a link that works once, a card and a few words.

    Only the keyed hash of the link's token is here. The thing stays its giver's until the link is
    claimed; OwnershipChange then says so.
    """

    public_id = public_id_field("gft")
    entitlement = models.ForeignKey("fulfillment.Entitlement", models.PROTECT, related_name="gifts")
    token_hash = models.BinaryField(max_length=32, unique=True, editable=False)
    # Public id of the giver; empty for a guest, who proves it by the order or a cookie.
    giver = models.CharField(_("giver"), max_length=24, blank=True, default="")
    # What the giver calls themselves on the card, and what they write.
    sender = models.CharField(_("from"), max_length=20, blank=True, default="")
    greeting = models.CharField(_("greeting"), max_length=200, blank=True, default="")
    card = models.CharField(_("card"), max_length=12)
    state = models.CharField(_("state"), max_length=12, choices=GiftState, default=GiftState.OPEN)
    # How often the thing had changed hands when it was given.
    moves = models.PositiveSmallIntegerField(default=0, editable=False)
    sent_to = models.CharField(_("sent to"), max_length=120, blank=True, default="")
    claimer = models.CharField(_("accepted by"), max_length=24, blank=True, default="")
    language = models.CharField(max_length=8)
    created_at = models.DateTimeField(_("given at"))
    expires_at = models.DateTimeField(_("can be accepted until"))
    ended_at = models.DateTimeField(_("over at"), null=True, blank=True)

    class Meta:
        verbose_name = _("gift")
        verbose_name_plural = _("gifts")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["entitlement"], condition=Q(state="open"), name="fulfillment_gift_one_open"
            ),
            models.CheckConstraint(
                condition=Q(state="open", ended_at__isnull=True)
                | (~Q(state="open") & Q(ended_at__isnull=False)),
                name="fulfillment_gift_ended",
            ),
        ]
        indexes = [
            models.Index(
                fields=["giver", "-id"], name="fulfillment_gift_giver", condition=~Q(giver="")
            ),
            models.Index(
                fields=["expires_at"], name="fulfillment_gift_due", condition=Q(state="open")
            ),
        ]
        triggers = [guard(GIFT_TRANSITIONS)]

    def __str__(self) -> str:
        return self.public_id


class OwnershipChange(AppendOnly):
    """A thing went to another holder. The first holder is the delivery's; these rows are the chain."""

    class How(models.TextChoices):
        GIFT = "gift", _("given")
        KEPT = "kept", _("put into an account")

    entitlement = models.ForeignKey(
        "fulfillment.Entitlement", models.PROTECT, db_index=False, related_name="ownership"
    )
    number = models.PositiveSmallIntegerField()
    was = models.CharField(_("from"), max_length=24, blank=True, default="")
    became = models.CharField(_("to"), max_length=24, blank=True, default="")
    how = models.CharField(_("how"), max_length=4, choices=How)
    gift = models.OneToOneField(
        Gift, models.PROTECT, null=True, blank=True, related_name="ownership"
    )
    by = models.CharField(_("by"), max_length=48)
    at = models.DateTimeField(_("at"))

    class Meta(AppendOnly.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["entitlement", "number"], name="fulfillment_ownership_once"
            ),
            models.CheckConstraint(condition=Q(number__gte=1), name="fulfillment_ownership_number"),
        ]

    def __str__(self) -> str:
        return f"{self.entitlement_id}#{self.number}"


class RevealLink(models.Model):
    """A link by mail or SMS which shows a code once; the code itself never travels."""

    public_id = public_id_field("lnk")
    entitlement = models.ForeignKey(
        "fulfillment.Entitlement", models.PROTECT, related_name="reveal_links"
    )
    token_hash = models.BinaryField(max_length=32, unique=True, editable=False)
    state = models.CharField(_("state"), max_length=8, choices=LinkState, default=LinkState.OPEN)
    # A link of an earlier holder opens nothing.
    moves = models.PositiveSmallIntegerField(default=0, editable=False)
    sent_to = models.CharField(_("sent to"), max_length=120, blank=True, default="")
    by = models.CharField(_("by"), max_length=48)
    created_at = models.DateTimeField(_("made at"))
    expires_at = models.DateTimeField(_("good until"))
    used_at = models.DateTimeField(_("opened at"), null=True, blank=True)

    class Meta:
        verbose_name = _("reveal link")
        verbose_name_plural = _("reveal links")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["entitlement"], condition=Q(state="open"), name="fulfillment_link_one_open"
            ),
        ]
        indexes = [
            models.Index(
                fields=["expires_at"], name="fulfillment_link_due", condition=Q(state="open")
            ),
        ]
        triggers = [guard(LINK_TRANSITIONS)]

    def __str__(self) -> str:
        return self.public_id


class ExpiryReminder(AppendOnly):
    """An owner was told that something ends in so many days; once for each threshold."""

    entitlement = models.ForeignKey(
        "fulfillment.Entitlement", models.PROTECT, db_index=False, related_name="reminders"
    )
    days = models.PositiveSmallIntegerField()
    # Empty when the owner wants none or cannot be reached: then it counts as told all the same.
    message = models.CharField(max_length=24, blank=True, default="")
    at = models.DateTimeField()

    class Meta(AppendOnly.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["entitlement", "days"], name="fulfillment_reminder_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.entitlement_id}/{self.days}"


class ReminderChoice(models.Model):
    """How a person wants to be reminded; without a row, by both."""

    owner = models.CharField(_("owner"), max_length=24, unique=True)
    by_mail = models.BooleanField(_("by mail"), default=True)
    by_sms = models.BooleanField(_("by SMS"), default=True)
    changed_at = models.DateTimeField(_("changed at"))

    class Meta:
        verbose_name = _("choice of reminders")
        verbose_name_plural = _("choices of reminders")

    def __str__(self) -> str:
        return self.owner
