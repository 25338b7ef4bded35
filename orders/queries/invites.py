"""Who brought whom, by which marks people are known, and what an inviter may see of it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import Q, QuerySet

from accounts.queries import contact_indexes
from core.models import LimitCount
from orders.models import Invite, InviteProgramme, Order, OrderLine, Reward, SeenDevice
from orders.states import RewardState

UPWARD, SIBLINGS = 10, 50
PEOPLE_ORDERS = 2000


def live_programme(now: datetime) -> InviteProgramme | None:
    """The programme in force, the newest where several are."""
    started = Q(starts_at=None) | Q(starts_at__lte=now)
    going = Q(ends_at=None) | Q(ends_at__gt=now)
    rows = InviteProgramme.objects.filter(started, going, is_active=True)
    return rows.select_related("inviter_coupon", "friend_coupon").order_by("-id").first()


def edges_around(invite: Invite) -> list[tuple[str, str]]:
    """Pairs (who brought, who came): up from the inviter, and the inviter's other friends."""
    edges, at = [], invite.inviter
    for _step in range(UPWARD):
        giver = Invite.objects.filter(friend=at).values_list("inviter", flat=True).first()
        if giver is None:
            break
        edges.append((giver, at))
        at = giver
    others = Invite.objects.filter(inviter=invite.inviter).exclude(pk=invite.pk)
    friends = others.order_by("-id").values_list("friend", flat=True)[:SIBLINGS]
    return [*edges, *((invite.inviter, friend) for friend in friends)]


def marks_of(people: Iterable[str]) -> dict[str, set[str]]:
    """By which devices, contacts and topped-up accounts people (public ids) are known; hashes."""
    asked = sorted(set(people))
    marks: dict[str, set[str]] = defaultdict(set)
    for owner, index in contact_indexes(asked):
        marks[owner].add(f"contact:{bytes(index).hex()}")
    orders = Order.objects.filter(owner__in=asked, paid_at__isnull=False).order_by("-id")
    for buyer, contact in orders.values_list("owner", "contact_index")[:PEOPLE_ORDERS]:
        marks[buyer].add(f"contact:{bytes(contact).hex()}")
    lines = OrderLine.objects.filter(
        order__owner__in=asked, order__paid_at__isnull=False, target_index__isnull=False
    ).order_by("-id")
    for buyer, account in lines.values_list("order__owner", "target_index")[:PEOPLE_ORDERS]:
        marks[buyer].add(f"account:{bytes(account or b'').hex()}")
    for person, found in devices_of(asked).items():
        marks[person] |= found
    return {person: marks[person] for person in asked}


def devices_of(people: Sequence[str]) -> dict[str, set[str]]:
    """The devices alone."""
    marks: dict[str, set[str]] = defaultdict(set)
    seen = SeenDevice.objects.filter(owner__in=people).order_by("-id")
    for owner, index in seen.values_list("owner", "index")[:PEOPLE_ORDERS]:
        marks[owner].add(f"device:{bytes(index).hex()}")
    return marks


def invites_of(owner: str) -> QuerySet[Invite]:
    """Whom a person (public id) brought, the newest first."""
    return Invite.objects.filter(inviter=owner).order_by("-id")


def rewards_by_subject(subjects: Sequence[str], owner: str) -> dict[str, Reward]:
    """What this person was given, and kept, for each of these causes (public ids)."""
    rows = Reward.objects.filter(subject__in=subjects, owner=owner, state=RewardState.GIVEN)
    return {row.subject: row for row in rows}


def budgets_used(programme: str) -> dict[str, int]:
    """What of its budgets a programme (public id) has given: times, points, minor units."""
    keys = {f"reward:{programme}:{name}": name for name in ("times", "points", "minor")}
    found = dict(LimitCount.objects.filter(key__in=keys).values_list("key", "used"))
    return {name: found.get(key, 0) for key, name in keys.items()}
