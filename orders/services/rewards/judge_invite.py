"""What risk says of an invitation: it is told hashes and pairs by value, and keeps its answer."""

from datetime import datetime

from core.tx import part
from orders.models import Invite
from orders.queries.invites import edges_around, marks_of
from risk.models import Assessment
from risk.services.assess import assess


@part
def judge_invite(invite: Invite, *, point: str, now: datetime, ip: str = "") -> Assessment:
    """Assess it at `point` ("invite" when somebody comes, "reward" before anything is given).

    One person as two, a ring of friends and one person as many are refused (risk/rules/kinship.py).
    """
    edges = edges_around(invite)
    people = {invite.friend, invite.inviter, *(person for edge in edges for person in edge)}
    facts: dict[str, object] = {
        "user": invite.friend, "target": invite.inviter, "edges": edges,
        "traits": marks_of(people),
    }  # fmt: skip
    if ip:
        facts["ip"] = ip
    return assess(point=point, subject=invite.public_id, facts=facts, now=now)
