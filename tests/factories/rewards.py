"""Invitations and red packets for tests."""

from datetime import datetime
from typing import Any

from accounts.models import User
from core import clock
from core.tx import step
from orders.models import Invite, InviteProgramme, Order, Packet, PacketTemplate
from orders.services.rewards.bind_invite import Newcomer, bind_invite, own_link
from orders.services.rewards.open_packet import open_packets
from tests.factories.accounts import make_user
from tests.factories.orders import item, order_of, pay, place, relay_all, stocked


def make_programme(**fields: Any) -> InviteProgramme:
    """A hundred points for who invites, fifty for the friend, at once, unless told otherwise."""
    told: dict[str, Any] = {
        "name": "邀请好友", "name_en": "Bring a friend", "inviter_points": 100,
        "friend_points": 50, "wait_days": 0, "is_active": True, "created_at": clock.now(),
        "created_by": "test",
    }  # fmt: skip
    return InviteProgramme.objects.create(**(told | fields))


def newcomer(user: User, *, came_at: datetime | None = None, **more: Any) -> Newcomer:
    """Who came by a link just before they had an account."""
    return Newcomer(user.public_id, user.joined_at, came_at or user.joined_at, **more)


def bring(inviter: User, friend: User | None = None, **more: Any) -> Invite:
    """An invitation from one to the other."""
    now = clock.now()
    link = own_link(owner=inviter.public_id, now=now).public_id
    made = bind_invite(link=link, newcomer=newcomer(friend or make_user(), **more), now=now)
    assert made is not None
    return made


def bought(owner: str, *, price_minor: int = 1990, sku: Any = None, **more: Any) -> Order:
    """A delivered order of a member."""
    good = sku or stocked(1, price_minor=price_minor)
    order = order_of(place(item(good), owner=owner, **more))
    pay(order)
    relay_all()
    order.refresh_from_db()
    return order


def make_template(**fields: Any) -> PacketTemplate:
    """A hundred points in ten shares, for a day."""
    told: dict[str, Any] = {
        "name": "分享红包", "name_en": "A packet to share", "points": 100, "shares": 10,
        "is_active": True, "created_at": clock.now(), "created_by": "test",
    }  # fmt: skip
    return PacketTemplate.objects.create(**(told | fields))


def make_packet(owner: str = "usr_ANN", **fields: Any) -> Packet:
    """A packet somebody got for an order."""
    make_template(**fields)
    order = bought(owner)
    with step():
        open_packets(orders=[order.public_id], now=clock.now())
    return Packet.objects.get(order=order)
