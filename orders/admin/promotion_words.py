"""The kinds of promotion as the first step shows them: a name, what it does, an example."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from orders.models.promotion import Kind

KINDS_SHOWN: tuple[tuple[str, Any, Any, Any], ...] = (
    (Kind.AMOUNT_OFF.value, Kind.AMOUNT_OFF.label, _("From a sum on, an amount off the cart."),
     _("¥10 off from ¥100 on")),
    (Kind.PERCENT_OFF.value, Kind.PERCENT_OFF.label, _("A share off each good, perhaps from a sum on."),
     _("All memberships at 85%")),
    (Kind.SPECIAL_PRICE.value, Kind.SPECIAL_PRICE.label, _("A price of its own for a while, or for newcomers."),
     _("First month for ¥6")),
    (Kind.NTH_UNIT.value, Kind.NTH_UNIT.label, _("Every second, third … unit cheaper or free."),
     _("Second at half price")),
    (Kind.SEVERAL_FOR.value, Kind.SEVERAL_FOR.label, _("So many together for one price, mixed as you like."),
     _("3 for ¥99")),
    (Kind.GIFT_WITH.value, Kind.GIFT_WITH.label, _("Something added for nothing. Needs a subsidy."),
     _("A cinema voucher with a year")),
)  # fmt: skip
