"""States of an outside channel's order and of a push-back, and the steps between them."""

from collections.abc import Mapping

from django.db import models
from django.utils.translation import gettext_lazy as _

Table = Mapping[str, frozenset[str]]


class MarketState(models.TextChoices):
    ON = "on", _("On")
    OFF = "off", _("Off")


class MarketOrderState(models.TextChoices):
    #: Written down; whether an order of ours follows is not decided.
    RECEIVED = "received", _("Received")
    ACCEPTED = "accepted", _("Being delivered")
    DONE = "done", _("Delivered")
    FAILED = "failed", _("Given back")
    REFUSED = "refused", _("Refused")


class PushState(models.TextChoices):
    WAITING = "waiting", _("To be sent")
    ACKNOWLEDGED = "acknowledged", _("Acknowledged")
    DEAD = "dead", _("Given up")
    #: A later result of the same order took its place.
    REPLACED = "replaced", _("Replaced by a later one")


def _table(**steps: str) -> Table:
    return {source: frozenset(targets.split()) for source, targets in steps.items()}


# Goods from our own pool are delivered in the step that takes the order: received → done.
MARKET_ORDER_STEPS: Table = _table(
    received="accepted done refused",
    accepted="done failed",
    done="failed",
    failed="",
    refused="",
)
PUSH_STEPS: Table = _table(
    waiting="acknowledged dead replaced",
    acknowledged="waiting",
    dead="waiting replaced",
    replaced="",
)
#: Nothing of these changes any more by itself.
FINAL = frozenset({MarketOrderState.DONE, MarketOrderState.FAILED, MarketOrderState.REFUSED})
#: An order of ours stands behind these, and its money is on the channel's account.
TAKEN = frozenset({MarketOrderState.ACCEPTED, MarketOrderState.DONE, MarketOrderState.FAILED})
