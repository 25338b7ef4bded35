"""Who redeems: merchants, their stores, the people and the tills that scan there."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.models.base import public_id_field
from core.naming import named


class Merchant(models.Model):
    """A business that gives the goods of vouchers. What it is paid stands in VoucherPlace."""

    public_id = public_id_field("mrc")
    code = models.SlugField(_("code"), max_length=32, unique=True)
    name = models.CharField(_("name"), max_length=80)
    name_en = models.CharField(_("name in English"), max_length=120)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created at"), editable=False)

    class Meta:
        verbose_name = _("merchant")
        verbose_name_plural = _("merchants")
        ordering = ["code"]

    def __str__(self) -> str:
        return named(self)


class Store(models.Model):
    """A place of a merchant where vouchers are redeemed."""

    public_id = public_id_field("sto")
    merchant = models.ForeignKey(
        Merchant, models.PROTECT, related_name="stores", verbose_name=_("merchant")
    )
    code = models.SlugField(_("code"), max_length=32)
    name = models.CharField(_("name"), max_length=80)
    name_en = models.CharField(_("name in English"), max_length=120)
    address = models.CharField(_("address"), max_length=160, blank=True, default="")
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created at"), editable=False)

    class Meta:
        verbose_name = _("store")
        verbose_name_plural = _("stores")
        ordering = ["merchant_id", "code"]
        constraints = [
            models.UniqueConstraint(fields=["merchant", "code"], name="fulfillment_store_code")
        ]

    def __str__(self) -> str:
        return named(self)


class ClerkRole(models.TextChoices):
    """What a clerk may do: each role also may what stands before it."""

    CLERK = "clerk", _("Clerk: scans, and undoes own scans")
    LEAD = "lead", _("Store lead: undoes all scans of the store, sees its history")
    MERCHANT = "merchant", _("Merchant: sees the history of all stores")


class Clerk(models.Model):
    """A person at a store, by the public id of their account. Switched off, never deleted."""

    public_id = public_id_field("clk")
    user = models.CharField(_("account"), max_length=24)
    store = models.ForeignKey(Store, models.PROTECT, related_name="clerks", verbose_name=_("store"))
    role = models.CharField(_("role"), max_length=8, choices=ClerkRole, default=ClerkRole.CLERK)
    name = models.CharField(_("name"), max_length=60, blank=True, default="")
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created at"), editable=False)

    class Meta:
        verbose_name = _("clerk")
        verbose_name_plural = _("clerks")
        ordering = ["store_id", "id"]
        constraints = [
            models.UniqueConstraint(fields=["user", "store"], name="fulfillment_clerk_once")
        ]

    def __str__(self) -> str:
        return self.name or self.public_id


class TillKey(models.Model):
    """A till's key to the API. The secret is sealed (`fulfillment_tillkey:secret:<public_id>`)."""

    public_id = public_id_field("tky")
    store = models.ForeignKey(
        Store, models.PROTECT, related_name="till_keys", verbose_name=_("store")
    )
    name = models.CharField(_("name"), max_length=60)
    secret = models.BinaryField(editable=False)
    # One address or network in each line; empty: from anywhere.
    addresses = models.CharField(_("allowed addresses"), max_length=400, blank=True, default="")
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created at"), editable=False)
    created_by = models.CharField(_("made by"), max_length=48, editable=False)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("till key")
        verbose_name_plural = _("till keys")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(is_active=True, ended_at__isnull=True)
                | Q(is_active=False, ended_at__isnull=False),
                name="fulfillment_tillkey_ended",
            )
        ]

    def __str__(self) -> str:
        return self.name


class TillNonce(models.Model):
    """A signed request that was accepted: it is not accepted twice. Kept for ten minutes."""

    till = models.ForeignKey(TillKey, models.CASCADE, db_index=False)
    nonce = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["till", "nonce"], name="fulfillment_tillnonce_once")
        ]
        indexes = [models.Index(fields=["at"], name="fulfillment_tillnonce_at")]
