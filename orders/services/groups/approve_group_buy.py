"""A group buy under the floor of prices: what two persons agree to, for the seats of all groups."""

from django.utils.translation import gettext_lazy as _

from orders.models import GroupBuy
from orders.services.groups.group_rule import subsidy_sha
from orders.services.promotions.campaign_subsidy import Subsidized

ACT = "groups.manage"
GROUP_SUBSIDY = Subsidized(
    GroupBuy, action="orders.group_subsidy", act=ACT, tag="group:subsidized",
    title=_("Subsidise a group buy"),
    terms=lambda buy: {"size": buy.size, "groups": buy.most_groups}, sha=subsidy_sha,
)  # fmt: skip
