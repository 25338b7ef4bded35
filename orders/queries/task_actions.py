"""What people may do for a reward, and how each is proved: a socket of actions, read from rows."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import ContactPoint, User
from core.models.statechange import StateChange
from core.sockets import Socket
from fulfillment.models import Entitlement
from fulfillment.states import EntitlementState
from orders.models import Order, PacketShare
from orders.states import OrderState, ShareState

FINISHED = (OrderState.DELIVERED, OrderState.PARTIALLY_DELIVERED)
USED = (EntitlementState.ACTIVE, EntitlementState.EXHAUSTED)


@dataclass(frozen=True, slots=True)
class Proof:
    """That it was done: the public id of what shows it, and when."""

    id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Action:
    """`prove(user, since)` finds the first proof, from a moment on if there is one; None for none.

    `where` names the address where it is done. `daily`: whether it may be done again each day.
    """

    title: str | Promise
    prove: Callable[[User, datetime | None], Proof | None]
    where: str
    daily: bool = False


ACTIONS: Socket[Action] = Socket("actions of tasks")


def _profile(user: User, since: datetime | None) -> Proof | None:
    return Proof(user.public_id, user.joined_at) if user.display_name.strip() else None


def _phone(user: User, since: datetime | None) -> Proof | None:
    points = ContactPoint.objects.filter(user=user, verified_at__isnull=False)
    found = points.order_by("verified_at").values_list("verified_at", flat=True).first()
    return Proof(user.public_id, found) if found else None


def _order(user: User, since: datetime | None) -> Proof | None:
    rows = Order.objects.filter(owner=user.public_id, state__in=FINISHED, total_minor__gt=0)
    rows = rows.filter(completed_at__isnull=False)
    if since is not None:
        rows = rows.filter(completed_at__gte=since)
    found = rows.order_by("completed_at", "id").values_list("public_id", "completed_at").first()
    return Proof(found[0], found[1]) if found and found[1] else None


def _use(user: User, since: datetime | None) -> Proof | None:
    things = Entitlement.objects.filter(owner=user.public_id, state__in=USED)
    rows = StateChange.objects.filter(
        entity="entitlement", subject__in=things.values("public_id"), became__in=USED
    )
    if since is not None:
        rows = rows.filter(at__gte=since)
    found = rows.order_by("id").values_list("subject", "at").first()
    return Proof(*found) if found else None


def _share(user: User, since: datetime | None) -> Proof | None:
    rows = PacketShare.objects.filter(packet__owner=user.public_id, state=ShareState.TAKEN)
    rows = rows.exclude(owner=user.public_id)
    if since is not None:
        rows = rows.filter(state_at__gte=since)
    found = rows.order_by("state_at", "id").values_list("public_id", "state_at").first()
    return Proof(*found) if found else None


ACTIONS.register("profile", Action(_("Say how you are called"), _profile, "accounts:profile"))
ACTIONS.register("phone", Action(_("Verify a phone"), _phone, "account_change_phone"))
ACTIONS.register("order", Action(_("Buy something"), _order, "catalog:home", daily=True))
ACTIONS.register(
    "use", Action(_("Use something you bought"), _use, "fulfillment:wallet", daily=True)
)
ACTIONS.register("share", Action(_("Share a red packet"), _share, "orders:packets", daily=True))
