"""The life of a product, and the other closed words of the catalogue."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class ProductState(TextChoices):
    DRAFT = "draft", _("Draft")
    SCHEDULED = "scheduled", _("Scheduled")
    ON_SALE = "on_sale", _("On sale")
    PAUSED = "paused", _("Paused")
    RETIRED = "retired", _("Retired")


PRODUCT_TRANSITIONS: dict[str, tuple[str, ...]] = {
    ProductState.DRAFT.value: (
        ProductState.SCHEDULED.value,
        ProductState.ON_SALE.value,
        ProductState.PAUSED.value,
        ProductState.RETIRED.value,
    ),
    ProductState.SCHEDULED.value: (
        ProductState.DRAFT.value,
        ProductState.ON_SALE.value,
        ProductState.PAUSED.value,
        ProductState.RETIRED.value,
    ),
    ProductState.ON_SALE.value: (ProductState.PAUSED.value, ProductState.RETIRED.value),
    ProductState.PAUSED.value: (
        ProductState.SCHEDULED.value,
        ProductState.ON_SALE.value,
        ProductState.RETIRED.value,
    ),
    # A retired product stays for the orders that name it; it never comes back under one id.
    ProductState.RETIRED.value: (),
}


class DeliveryKind(TextChoices):
    POOL = "pool", _("Code from our own stock")
    TOPUP = "topup", _("Top-up by a supplier")
    VOUCHER = "voucher", _("Voucher to redeem")
    MEMBERSHIP = "membership", _("Membership period")
    MANUAL = "manual", _("Handled by staff")
    # Never delivered itself: an order holds its parts, each with a kind of its own.
    BUNDLE = "bundle", _("Bundle of other goods")


class StockMode(TextChoices):
    POOL = "pool", _("Counted codes")
    SUPPLIER = "supplier", _("Supplier's stock")
    VOUCHER = "voucher", _("Made on sale")
    MANUAL = "manual", _("Set by hand")
    UNLIMITED = "unlimited", _("Unlimited")
    PARTS = "parts", _("As its parts")


class Availability(TextChoices):
    IN = "in", _("In stock")
    LOW = "low", _("Few left")
    OUT = "out", _("Sold out")


class ValidityKind(TextChoices):
    NONE = "none", _("Does not expire")
    ON_DELIVERY = "on_delivery", _("Takes effect on delivery")
    FROM_PURCHASE = "from_purchase", _("Counted from purchase")
    FROM_ACTIVATION = "from_activation", _("Counted from activation")
    WINDOW = "window", _("Fixed period")


class Binding(TextChoices):
    NONE = "none", _("Not bound")
    PHONE = "phone", _("Bound to a phone number")
    DEVICE = "device", _("Bound to a device")
    IP = "ip", _("Bound to an address")
    IDENTITY = "identity", _("Bound to an identity")


class RefundPolicy(TextChoices):
    UNDELIVERED = "undelivered", _("Refundable until delivered")
    UNREVEALED = "unrevealed", _("Refundable until the code is viewed")
    UNUSED = "unused", _("Refundable until used or expired")
    NEVER = "never", _("Not refundable")


class WhoMayBuy(TextChoices):
    EVERYONE = "everyone", _("Everyone")
    MEMBERS = "members", _("Signed-in customers")
    NEW_BUYERS = "new_buyers", _("New buyers")
    LEVEL = "level", _("Members from a level up")


class PageState(TextChoices):
    """Drafts are seen by staff alone; either way is open, at any time."""

    DRAFT = "draft", _("Draft")
    LIVE = "live", _("Live")
