"""The demo's invitations, red packets and tasks: one of each, with an end to what it gives."""

from datetime import datetime
from typing import Any

from orders.models import InviteProgramme, PacketTemplate, Task

BY = "system:demo"
TASKS: tuple[dict[str, Any], ...] = (
    {"name": "完善资料", "name_en": "Say hello", "action": "profile", "points": 20},
    {"name": "绑定手机", "name_en": "Bind your phone", "action": "phone", "points": 30},
    {"name": "每日下单", "name_en": "An order a day", "action": "order", "points": 10,
     "repeat": "daily"},
    {"name": "首次使用权益", "name_en": "First use", "action": "use", "points": 20},
    {"name": "分享红包", "name_en": "Share a packet", "action": "share", "points": 15},
)  # fmt: skip


def open_rewards(*, now: datetime) -> str:
    """Set them up where they are missing; says in a few words what there is."""
    made: dict[str, Any] = {"is_active": True, "created_at": now, "created_by": BY}
    if not InviteProgramme.objects.exists():
        InviteProgramme.objects.create(
            name="邀请好友，双方得积分", name_en="Bring a friend, both get points",
            inviter_points=300, friend_points=200, minimum_minor=1000, most_points=500_000, **made,
        )  # fmt: skip
    if not PacketTemplate.objects.exists():
        PacketTemplate.objects.create(
            name="好友红包", name_en="A packet for friends", points=100, shares=10,
            minimum_minor=1000, most_points=200_000, **made,
        )  # fmt: skip
    for task in TASKS:
        Task.objects.get_or_create(
            name=task["name"], defaults={**made, **task, "most_points": 100_000}
        )
    return f"an invite programme, a red packet, {Task.objects.count()} tasks"
