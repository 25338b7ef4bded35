"""A finished order gives its buyer a red packet to share: cut when it opens, paid for beforehand."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from core import limits, transitions
from core.ids import new_id
from core.tx import part
from orders.models import Order, Packet, PacketShare, PacketTemplate
from orders.models.reward import RewardKind
from orders.promotions.packet_cut import SEED_BYTES, cut_packet
from orders.queries.orders import lock_orders
from orders.queries.packets import live_templates
from orders.services.lotteries.earn_chance import FINISHED, day_of
from orders.services.rewards.reward_budget import BudgetGone, take_budget


@part
def open_packets(*, orders: Sequence[str], now: datetime) -> int:
    """Open a packet for each finished order of a member that a template is for; returns how many.

    Each order has one, once. Its whole content is taken from the template's budget here, so what
    its shares promise is there. Source: M8.
    """
    templates = live_templates(now)
    if not templates:
        return 0
    opened = 0
    for order in lock_orders(orders):
        fits = [one for one in templates if order.total_minor >= one.minimum_minor]
        if order.owner and order.state in FINISHED and fits:
            opened += _open(order, fits[0], now) is not None
    return opened


def _open(order: Order, template: PacketTemplate, now: datetime) -> Packet | None:
    if Packet.objects.filter(order_id=order.public_id).exists():
        return None
    try:
        with transaction.atomic():
            _take(order, template, now)
    except BudgetGone:
        return None
    seed = secrets.token_bytes(SEED_BYTES)
    ends = now + timedelta(hours=template.hours)
    packet = Packet.objects.create(
        template=template, order_id=order.public_id, owner=order.owner, kind=template.kind,
        points=content(template)["points"], promotion=template.coupon,
        worth_minor=template.worth_minor if template.kind == RewardKind.COUPON else 0,
        shares_made=template.shares, points_days=template.points_days, seed=seed.hex(),
        state_at=now, ends_at=ends, not_before=ends, created_at=now,
    )  # fmt: skip
    transitions.begin(
        entity="packet", subject=packet.public_id, state=packet.state, now=now, by="system",
        why=order.public_id,
    )  # fmt: skip
    PacketShare.objects.bulk_create(
        PacketShare(
            public_id=new_id("shr"), packet=packet, number=number, points=points, state_at=now
        )
        for number, points in enumerate(cut_of(packet), start=1)
    )
    return packet


def _take(order: Order, template: PacketTemplate, now: datetime) -> None:
    key = f"reward:{template.public_id}:day:{day_of(now)}:{order.owner}"
    if not limits.take(key, units=1, limit=template.a_day):
        raise BudgetGone("day")
    take_budget(template, times=1, **content(template))


def content(template: PacketTemplate) -> dict[str, int]:
    """What one packet takes of the budget: points, or worth of coupons (minor units)."""
    if template.kind == RewardKind.POINTS:
        return {"points": template.points, "minor": 0}
    return {"points": 0, "minor": template.worth_minor * template.shares}


def cut_of(packet: Packet) -> list[int]:
    """Points of its shares, by its seed: what was cut can be cut again and compared."""
    if packet.kind != RewardKind.POINTS:
        return [0] * packet.shares_made
    return cut_packet(packet.points, packet.shares_made, seed=bytes.fromhex(packet.seed))
