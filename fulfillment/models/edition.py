"""Numbered editions: so many pieces and no more, each with a certificate whose chain anyone can check."""

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.models.base import AppendOnly, public_id_field
from core.naming import named

LARGEST = 100_000


class SigningKey(models.Model):
    """A key by which the shop signs what strangers check. The newest signs; all of them are published."""

    key_id = models.CharField(_("key"), max_length=16, unique=True)
    public = models.BinaryField(max_length=32, editable=False)
    # With context `fulfillment_signingkey:sealed:<key_id>`: the private half in hex.
    sealed = models.BinaryField(editable=False)
    made_at = models.DateTimeField(_("made at"))

    class Meta:
        verbose_name = _("signing key")
        verbose_name_plural = _("signing keys")
        ordering = ["-id"]
        triggers = [
            pgtrigger.ReadOnly(
                name="fulfillment_signingkey_fixed", fields=["key_id", "public", "made_at"]
            ),
            pgtrigger.Protect(name="fulfillment_signingkey_kept", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return self.key_id

    @property
    def context(self) -> str:
        """What the sealed private half is bound to."""
        return f"fulfillment_signingkey:sealed:{self.key_id}"


class Edition(models.Model):
    """A SKU of which there are `size` pieces. `issued` is the last number that was given out."""

    public_id = public_id_field("edn")
    sku = models.OneToOneField(
        "catalog.Sku", models.PROTECT, verbose_name=_("SKU"), related_name="edition"
    )
    # As the certificates say it, whatever the shelf says later.
    name = models.CharField(_("name"), max_length=200)
    name_en = models.CharField(_("English name"), max_length=200)
    size = models.PositiveIntegerField(
        _("size"), help_text=_("How many there are. Fixed once the first one is sold.")
    )
    issued = models.PositiveIntegerField(_("sold"), default=0, editable=False)
    by = models.CharField(_("by"), max_length=48, editable=False)
    made_at = models.DateTimeField(_("made at"), editable=False)

    class Meta:
        verbose_name = _("edition")
        verbose_name_plural = _("editions")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(size__gte=1, size__lte=LARGEST), name="fulfillment_edition_size"
            ),
            models.CheckConstraint(
                condition=Q(issued__lte=F("size")), name="fulfillment_edition_issued"
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="fulfillment_edition_fixed",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__issued__gt=0)
                & (
                    pgtrigger.Q(old__size__df=pgtrigger.F("new__size"))
                    | pgtrigger.Q(old__sku__df=pgtrigger.F("new__sku"))
                    | pgtrigger.Q(old__name__df=pgtrigger.F("new__name"))
                    | pgtrigger.Q(old__name_en__df=pgtrigger.F("new__name_en"))
                    | pgtrigger.Q(old__issued__gt=pgtrigger.F("new__issued"))
                ),
            ),
            pgtrigger.Protect(name="fulfillment_edition_kept", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{named(self)} · {self.size}"


class EditionPlace(models.Model):
    """One piece of an edition, kept for whoever is about to pay. Its number comes with the sale."""

    edition = models.ForeignKey(Edition, models.PROTECT, db_index=False, related_name="places")
    held_by = models.CharField(max_length=40, blank=True, default="")
    # Empty: held by nobody, or sold.
    held_until = models.DateTimeField(null=True, blank=True)
    sold_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(sold_at__isnull=True) | (~Q(held_by="") & Q(held_until__isnull=True)),
                name="fulfillment_place_sold",
            ),
        ]
        indexes = [
            models.Index(
                fields=["edition", "id"],
                name="fulfillment_place_free",
                condition=Q(sold_at__isnull=True),
            ),
            models.Index(
                fields=["held_by"], name="fulfillment_place_held", condition=~Q(held_by="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.edition_id}/{self.pk}"


class Certificate(AppendOnly):
    """Number so many of an edition, and what it is the number of. Its links tell of its owners."""

    public_id = public_id_field("crt")
    edition = models.ForeignKey(
        Edition, models.PROTECT, db_index=False, related_name="certificates",
        verbose_name=_("edition"),
    )  # fmt: skip
    number = models.PositiveIntegerField(_("number in the edition"))
    entitlement = models.OneToOneField(
        "fulfillment.Entitlement", models.PROTECT, related_name="certificate"
    )
    issued_at = models.DateTimeField(_("issued at"))

    class Meta(AppendOnly.Meta):
        verbose_name = _("certificate")
        verbose_name_plural = _("certificates")
        ordering = ["edition_id", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["edition", "number"], name="fulfillment_certificate_number"
            ),
            models.CheckConstraint(
                condition=Q(number__gte=1), name="fulfillment_certificate_from_one"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} · {self.public_id}"


class CertificateLink(AppendOnly):
    """One link of a chain: its record as it was signed, over the hash of the link before.

    The record names its holder by SHA-256 of `salt` and the holder's public id: who is told the
    salt can see that it is so, and nobody else learns anything.
    """

    class What(models.TextChoices):
        ISSUED = "issued", _("issued")
        GIVEN = "given", _("given on")
        KEPT = "kept", _("put into an account")
        RETIRED = "retired", _("retired")

    certificate = models.ForeignKey(
        Certificate, models.PROTECT, db_index=False, related_name="links"
    )
    number = models.PositiveSmallIntegerField()
    what = models.CharField(_("what"), max_length=8, choices=What)
    record = models.TextField()
    salt = models.BinaryField(max_length=32, editable=False)
    hash = models.CharField(max_length=64)
    signature = models.BinaryField(max_length=64, editable=False)
    key = models.ForeignKey(SigningKey, models.PROTECT, db_index=False, related_name="links")
    by = models.CharField(_("by"), max_length=48)
    at = models.DateTimeField(_("at"))

    class Meta(AppendOnly.Meta):
        ordering = ["certificate_id", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["certificate", "number"], name="fulfillment_certlink_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.certificate_id}#{self.number}"
