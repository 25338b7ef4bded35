from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from catalog.inputs import VALIDATORS, wrong_params
from catalog.states import Binding, DeliveryKind, RefundPolicy, StockMode, ValidityKind
from core.naming import named


def validator_choices() -> list[tuple[str, object]]:
    """The validators an operator may choose, as data of the registry."""
    return [(key, validator.title) for key, validator in VALIDATORS.items()]


class ProductType(models.Model):
    """A kind of goods, set up without code: how it is delivered, asked for, bound, refunded."""

    code = models.SlugField(
        _("code"),
        max_length=64,
        unique=True,
        help_text=_(
            "Catalogue files name a type by kind and fields: topup-phone-cmcc, code, voucher."
        ),
    )
    name = models.CharField(_("name"), max_length=60)
    name_en = models.CharField(_("name in English"), max_length=60)
    delivery_kind = models.CharField(
        pgettext_lazy("kind", "delivery"), max_length=12, choices=DeliveryKind
    )
    stock_mode = models.CharField(_("stock"), max_length=12, choices=StockMode)
    validity_kind = models.CharField(
        _("validity"), max_length=16, choices=ValidityKind, default=ValidityKind.NONE
    )
    validity_days = models.PositiveIntegerField(_("valid for days"), null=True, blank=True)
    binding = models.CharField(_("bound to"), max_length=12, choices=Binding, default=Binding.NONE)
    has_dates = models.BooleanField(
        _("stock per use date"),
        default=False,
        help_text=_("Attraction tickets: each day has its own stock."),
    )
    is_metered = models.BooleanField(
        _("metered quota"), default=False, help_text=_("Bought as a number of calls or uses.")
    )
    meter_unit = models.CharField(_("unit of the quota"), max_length=24, blank=True, default="")
    needs_appointment = models.BooleanField(_("needs an appointment"), default=False)
    refund_policy = models.CharField(
        _("refund policy"), max_length=16, choices=RefundPolicy, default=RefundPolicy.UNDELIVERED
    )
    guide = models.TextField(_("usage guide"), max_length=2000, blank=True, default="")
    guide_en = models.TextField(
        _("usage guide in English"), max_length=2000, blank=True, default=""
    )
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("product type")
        verbose_name_plural = _("product types")
        ordering = ["code"]

    def __str__(self) -> str:
        return named(self)


class InputField(models.Model):
    """A field that goods of a type ask of the buyer."""

    product_type = models.ForeignKey(
        ProductType, models.CASCADE, related_name="inputs", verbose_name=_("product type")
    )
    key = models.CharField(
        _("key"), max_length=32, validators=[RegexValidator(r"^[a-z][a-z0-9_]*$")]
    )
    label = models.CharField(_("label"), max_length=40)
    label_en = models.CharField(_("label in English"), max_length=40)
    hint = models.CharField(_("hint"), max_length=120, blank=True, default="")
    hint_en = models.CharField(_("hint in English"), max_length=120, blank=True, default="")
    validator = models.CharField(_("validator"), max_length=24, choices=validator_choices)
    params = models.JSONField(_("parameters"), default=dict, blank=True)
    is_required = models.BooleanField(_("required"), default=True)
    position = models.PositiveIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("input field")
        verbose_name_plural = _("input fields")
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["product_type", "key"], name="catalog_inputfield_once")
        ]

    def __str__(self) -> str:
        return self.label

    def clean(self) -> None:
        """Parameters that the validator does not know are a mistake of the set-up."""
        if not isinstance(self.params, dict):
            raise ValidationError({"params": _('Parameters are written as {"name": value}.')})
        wrong = wrong_params(self.validator, self.params)
        if wrong:
            raise ValidationError({"params": wrong})
