"""Rewards, invitations and packets in words."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from orders.models import Promotion
from orders.models.reward import RewardKind
from orders.services.rewards.give_reward import Terms
from orders.views.line import english


def terms_words(terms: Terms) -> str:
    """What is given, such as "100 points"; "" for nothing."""
    if terms.kind == RewardKind.POINTS:
        return points_words(terms.points)
    return coupon_words(terms.promotion) if terms.kind == RewardKind.COUPON else ""


def points_words(points: int) -> str:
    """So many points."""
    return ngettext("%(n)d point", "%(n)d points", points) % {"n": points}


def coupon_words(promotion: Promotion | None) -> str:
    """A coupon by its name in the reader's language."""
    if promotion is None:
        return ""
    return _("coupon “%(name)s”") % {"name": (english() and promotion.name_en) or promotion.name}


def invite_words(state: str, reason: str) -> str:
    """How far an invitation has come, for the inviter."""
    why = {
        "refunded": _("No reward: the first order was refunded"),
        "budget": _("No reward: the programme has given all it had"),
        "capped": _("Your friend was rewarded; your own month is full"),
        "one_person": _("No reward: both accounts look like one person"),
        "ring": _("No reward: you invited each other"),
    }
    return why.get(reason) or {
        "bound": _("Has joined; the first order is still to come"),
        "waiting": _("Has bought; the reward comes after the refund window"),
        "rewarded": _("Both of you were rewarded"),
        "taken_back": _("The reward was taken back"),
    }.get(state, _("No reward"))
