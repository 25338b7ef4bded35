"""A flash sale under the floor of prices: what two persons agree to."""

from django.utils.translation import gettext_lazy as _

from orders.models import FlashSale
from orders.services.flash.flash_rule import subsidy_sha
from orders.services.promotions.campaign_subsidy import Subsidized

ACT = "flash.manage"
FLASH_SUBSIDY = Subsidized(
    FlashSale, action="orders.flash_subsidy", act=ACT, tag="flash:subsidized",
    title=_("Subsidise a flash sale"), terms=lambda sale: {"units": sale.units}, sha=subsidy_sha,
)  # fmt: skip
