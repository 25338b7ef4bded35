"""What invitations and red packets hang into the sockets of the floors below, and what they hear."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import structlog
from django.contrib.auth.signals import user_logged_in
from django.db import DatabaseError
from django.dispatch import receiver
from django.utils.translation import gettext_lazy as _

from accounts import acts
from core import approvals, audit, clock, invariants
from core.outbox import subscribe
from orders.events import OrderCompleted, OrderRefunded
from orders.invariants.invite import STATEMENTS
from orders.services.lotteries.earn_chance import FINISHED
from orders.services.rewards import take_back_reward
from orders.services.rewards.bind_invite import bind_invite
from orders.services.rewards.lapse_packets import lapse_of_order
from orders.services.rewards.open_packet import open_packets
from orders.services.rewards.reward_invites import note_first_orders
from orders.views.invite_cookie import visit_of

log = structlog.get_logger(__name__)
ACT, SET_UP = "orders.rewards", "rewards:set_up"

for _id, _title, _sql in STATEMENTS:
    invariants.register(_id, _title, _sql)


def _nobody(event: OrderCompleted) -> bool:
    return not event.owner or event.state not in FINISHED


@subscribe(OrderCompleted, "orders.note_first_orders", unless=_nobody, many=True)
def on_first_order(events: Sequence[OrderCompleted], *, now: datetime) -> None:
    note_first_orders(orders=[event.order for event in events], now=now)


@subscribe(OrderCompleted, "orders.open_packets", unless=_nobody, many=True)
def on_packet_due(events: Sequence[OrderCompleted], *, now: datetime) -> None:
    open_packets(orders=[event.order for event in events], now=now)


@subscribe(OrderRefunded, "orders.lapse_packet", unless=lambda event: not event.full)
def on_packet_refunded(event: OrderRefunded, *, now: datetime) -> None:
    lapse_of_order(order=event.order, now=now)


@receiver(user_logged_in, dispatch_uid="orders.invites")
def on_signed_in(*, request: Any, user: Any, **_kwargs: Any) -> None:
    """Who first signs in with an account younger than their visit by a link was brought by it."""
    visit = visit_of(request)
    if visit is None or user.joined_at < visit.came_at:
        return
    now = clock.now()
    try:
        bind_invite(link=visit.link, newcomer=visit.newcomer(request, user), now=now)
    except DatabaseError:
        # Signing in matters more; the link still stands for the next time.
        log.exception("invite_not_bound", user=user.public_id)


def register() -> None:
    """Called once, when every floor below is loaded."""
    acts.register(ACT, _("Set up invitations and red packets"), roles=("operator",))
    acts.register(
        take_back_reward.ACT, _("Take rewards back (two persons)"),
        roles=("operator", "support", "finance"),
    )  # fmt: skip
    approvals.executor(
        take_back_reward.TAKE_BACK, act=take_back_reward.ACT, title=_("Take rewards back")
    )(take_back_reward.carry_out_taking_back)
    audit.declare(SET_UP, "Invitations or red packets were set up")
    audit.declare(take_back_reward.TAKEN_BACK, "Rewards were taken back by two persons")
