import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import transitions
from core.models.base import public_id_field
from orders.states import ORDER_TRANSITIONS, OrderState


class ContactKind(models.TextChoices):
    MAIL = "mail", _("E-mail")
    PHONE = "phone", _("Phone")


class Order(models.Model):
    """What a buyer was promised, at what price, and how far it has come."""

    public_id = public_id_field("ord")
    # One checkout form makes one order; the hash tells a repeated form from a changed one.
    form_token = models.CharField(max_length=64, unique=True, editable=False)
    body_hash = models.BinaryField(max_length=32, editable=False)
    channel = models.ForeignKey(
        "catalog.Channel",
        models.PROTECT,
        db_index=False,
        related_name="+",
        verbose_name=_("channel"),
    )
    channel_code = models.CharField(_("channel"), max_length=32)
    attribution = models.CharField(_("attribution"), max_length=120, blank=True, default="")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        verbose_name=_("person"),
    )
    # Text id of the owner, so that floors which serve a reference need no join to people.
    owner = models.CharField(_("owner"), max_length=24, blank=True, default="")

    contact_kind = models.CharField(_("kind of contact"), max_length=8, choices=ContactKind)
    contact_masked = models.CharField(_("contact"), max_length=120)
    contact_index = models.BinaryField(max_length=32, editable=False)
    # Sealed JSON of contact, look-up secret and link token; only their keyed hashes are compared.
    private_sealed = models.BinaryField(editable=False)
    secret_hash = models.BinaryField(max_length=32, editable=False)
    token_hash = models.BinaryField(max_length=32, editable=False)

    language = models.CharField(_("language"), max_length=16)
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    units = models.PositiveIntegerField(_("units"))
    list_minor = models.BigIntegerField(_("list price (minor units)"))
    total_minor = models.BigIntegerField(_("total (minor units)"))
    explanation = models.JSONField(_("why this price"), default=list)
    terms_version = models.CharField(_("version of the terms"), max_length=32)
    consent_at = models.DateTimeField(_("consent at"))
    budgets = models.JSONField(default=list, editable=False)

    state = models.CharField(
        _("state"), max_length=20, choices=OrderState, default=OrderState.PENDING_PAYMENT
    )
    state_at = models.DateTimeField(_("in this state since"))
    created_at = models.DateTimeField(_("placed at"))
    expires_at = models.DateTimeField(_("kept until"))
    paid_at = models.DateTimeField(_("paid at"), null=True, blank=True)
    completed_at = models.DateTimeField(_("finished at"), null=True, blank=True)
    link_sent_at = models.DateTimeField(_("link sent at"), null=True, blank=True)
    close_reason = models.CharField(_("why closed"), max_length=120, blank=True, default="")

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        constraints = [
            models.CheckConstraint(
                condition=Q(total_minor__gte=0, total_minor__lte=F("list_minor")),
                name="orders_order_total",
            ),
            models.CheckConstraint(condition=Q(units__gte=1), name="orders_order_units"),
        ]
        indexes = [
            # The expiry sweep: only what may still expire.
            models.Index(
                fields=["expires_at"],
                name="orders_order_expiry",
                condition=Q(state="pending_payment"),
            ),
            # My orders, newest first; guests are not in it.
            models.Index(
                fields=["user", "-id"], name="orders_order_user", condition=Q(user__isnull=False)
            ),
            # Orders of one contact: joining guest orders, look-up in the admin.
            models.Index(fields=["contact_index"], name="orders_order_contact"),
        ]
        triggers = [
            transitions.guard(ORDER_TRANSITIONS),
            # What the buyer agreed to does not change afterwards.
            pgtrigger.ReadOnly(
                name="orders_order_promise",
                fields=[
                    "public_id", "form_token", "body_hash", "channel", "currency", "units",
                    "list_minor", "total_minor", "explanation", "terms_version", "consent_at",
                    "created_at", "expires_at",
                ],
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.public_id


class OrderLine(models.Model):
    """One item of an order, with everything the promise rested on copied in."""

    public_id = public_id_field("lin")
    order = models.ForeignKey(Order, models.PROTECT, related_name="lines")
    position = models.PositiveSmallIntegerField()
    # The bundle this is a part of; by its public id, which is known before either row is written.
    bundle = models.ForeignKey(
        "orders.OrderBundle",
        models.PROTECT,
        to_field="public_id",
        null=True,
        blank=True,
        db_index=False,
        related_name="lines",
        verbose_name=_("bundle"),
    )
    sku = models.ForeignKey("catalog.Sku", models.PROTECT, db_index=False, related_name="+")
    sku_code = models.CharField(_("SKU"), max_length=64)
    quantity = models.PositiveIntegerField(_("quantity"))
    delivery_kind = models.CharField(pgettext_lazy("kind", "delivery"), max_length=16)

    product_title = models.CharField(_("product"), max_length=200)
    product_title_en = models.CharField(
        _("product in English"), max_length=200, blank=True, default=""
    )
    sku_title = models.CharField(_("variant"), max_length=200)
    sku_title_en = models.CharField(_("variant in English"), max_length=200, blank=True, default="")
    guide = models.TextField(_("usage guide"), blank=True, default="")
    guide_en = models.TextField(_("usage guide in English"), blank=True, default="")
    refund_policy = models.CharField(_("refund policy"), max_length=64, blank=True, default="")
    # What the card face needs: brand name and hue at the time of sale.
    face = models.JSONField(default=dict)

    list_minor = models.BigIntegerField(_("list price (minor units)"))
    unit_minor = models.BigIntegerField(_("unit price (minor units)"))
    paid_minor = models.BigIntegerField(_("paid (minor units)"))
    # What promotions gave under the floor of its price, out of their subsidies.
    subsidy_minor = models.BigIntegerField(_("subsidy (minor units)"), default=0, db_default=0)
    adjustments = models.JSONField(default=list)
    currency = models.CharField(_("currency"), max_length=3, default="CNY")

    target_sealed = models.BinaryField(null=True, editable=False)
    target_masked = models.CharField(
        pgettext_lazy("goods", "recipient"), max_length=120, blank=True, default=""
    )
    target_index = models.BinaryField(max_length=32, null=True, editable=False)

    # Units that arrived, units taken back or refunded, units the suppliers gave up.
    delivered = models.PositiveIntegerField(_("delivered"), default=0)
    gone = models.PositiveIntegerField(_("taken back"), default=0)
    failed = models.PositiveIntegerField(_("failed"), default=0)

    class Meta:
        verbose_name = _("order line")
        verbose_name_plural = _("order lines")
        ordering = ["order", "position"]
        constraints = [
            models.UniqueConstraint(fields=["order", "position"], name="orders_line_position"),
            models.CheckConstraint(
                condition=Q(quantity__gte=1, paid_minor__gte=0), name="orders_line_amounts"
            ),
            models.CheckConstraint(condition=Q(subsidy_minor__gte=0), name="orders_line_subsidy"),
            models.CheckConstraint(
                condition=Q(quantity__gte=F("delivered") + F("gone") + F("failed")),
                name="orders_line_counts",
            ),
            # A bundle is sold as its parts: nobody could deliver it itself.
            models.CheckConstraint(
                condition=~Q(delivery_kind="bundle"), name="orders_line_deliverable"
            ),
        ]
        indexes = [
            models.Index(
                fields=["bundle"], name="orders_line_bundle", condition=Q(bundle__isnull=False)
            )
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="orders_line_promise",
                fields=[
                    "public_id", "order", "bundle", "sku", "quantity", "product_title", "sku_title",
                    "list_minor", "unit_minor", "paid_minor", "subsidy_minor", "adjustments",
                    "currency",
                ],
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.product_title} {self.sku_title} x {self.quantity}"
