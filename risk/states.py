"""Points where a request is assessed, and what may come of it."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Point(models.TextChoices):
    REGISTER = "register", _("register")
    LOGIN = "login", _("sign in")
    ORDER = "order", _("place an order")
    LOOKUP = "lookup", _("look up an order")
    REVEAL = "reveal", _("reveal a code")
    REDEEM = "redeem", _("redeem a voucher")
    INVITE = "invite", _("come by an invitation")
    REWARD = "reward", _("get a reward")


class Verdict(models.TextChoices):
    """From harmless to harmful; when several rules fire, the last of them in this order holds."""

    ALLOW = "allow", _("allow")
    REVIEW = "review", _("review")
    CHALLENGE = "challenge", _("challenge")
    LIMIT = "limit", _("limit")
    REFUSE = "refuse", _("refuse")


SEVERITY = {verdict: rank for rank, verdict in enumerate(Verdict.values)}
# The request does not go on now. (A challenge is answered by the caller and asked again.)
STOPS = frozenset({Verdict.CHALLENGE.value, Verdict.LIMIT.value, Verdict.REFUSE.value})


class Reason(models.TextChoices):
    """Why, as a key; the text is for the person who was stopped."""

    CLEAN = "clean", _("Nothing stood against it.")
    TRUSTED = "trusted", _("Someone on the allow list.")
    BLOCKED = "blocked", _("This cannot be done from here. Please contact the shop.")
    TOO_OFTEN = "too_often", _("That was too often. Please wait a little and try again.")
    TOO_MANY_OPEN = (
        "too_many_open",
        _("You have too many unpaid orders. Pay or cancel one of them first."),
    )
    ONE_PERSON = "one_person", _("Both sides look like the same person.")
    RING = "ring", _("These people invited each other.")
