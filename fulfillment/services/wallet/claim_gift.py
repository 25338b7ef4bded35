"""Claim a gift: the link works once, and the thing changes hands in the same step."""

from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from core import transitions
from core.faults import guard_off
from core.ids import new_token
from core.tx import part, step
from fulfillment.models import CertificateLink, Entitlement, Gift, OwnershipChange
from fulfillment.services.editions.link_certificate import link_certificate
from fulfillment.services.redeeming.issue_voucher import reissue_voucher
from fulfillment.services.wallet.lock_owned import lock_owned
from fulfillment.services.wallet.reveal_links import end_links
from fulfillment.services.wallet.tell_owners import tell_claimed
from fulfillment.states import EntitlementState, GiftState
from fulfillment.tokens import fits, token_hash

How, What = OwnershipChange.How, CertificateLink.What


class Gone(TextChoices):
    """Why a link gives nothing (any more), in words for whoever opened it."""

    NO_SUCH = "no_such", _("This link is not complete or not the newest. Ask for a new one.")
    CLAIMED = "claimed", _("Somebody has accepted this gift already.")
    TAKEN_BACK = "taken_back", _("The giver has taken this gift back.")
    OVER = "over", _("This gift can no longer be accepted. It went back to its giver.")
    OWN = "own", _("This is your own gift. Take it back if you want it.")


class NotClaimed(Exception):
    """The gift was not claimed by this call; nothing has changed."""

    def __init__(self, why: Gone) -> None:
        super().__init__(why.value)
        self.why = why


@dataclass(frozen=True, slots=True)
class Claimed:
    """What was claimed. `token` proves a guest to be its holder; "" for an account."""

    entitlement: Entitlement
    token: str = field(repr=False, default="")


@step()
def claim_gift(*, gift: str, token: str, claimer: str, by: str, now: datetime) -> Claimed:
    """Take the gift into the wallet of `claimer` (a user's public id), or for a guest ("").

    Whoever holds the token may claim; of many at once one does. Its giver cannot. A guest gets a
    token in return, by which the browser proves to hold it (design.md, People). Raises NotClaimed.
    """
    row = Gift.objects.select_related("entitlement").filter(public_id=gift).first()
    if row is None:
        raise NotClaimed(Gone.NO_SUCH)
    owned = lock_owned(row.entitlement.public_id)
    row.refresh_from_db()
    gone = why_gone(row, token, now=now)
    if gone is not None and not guard_off("wallet.gift_once"):
        raise NotClaimed(gone)
    if owned is None or owned.state != EntitlementState.ISSUED:
        raise NotClaimed(Gone.OVER)
    if claimer and claimer == row.giver:
        raise NotClaimed(Gone.OWN)
    from_ = list(GiftState) if guard_off("wallet.gift_once") else [GiftState.OPEN]
    moved = transitions.move(
        Gift, row.pk, from_=from_, to=GiftState.CLAIMED, now=now, by=by, claimer=claimer,
        ended_at=now,
    )  # fmt: skip
    if not moved:
        raise NotClaimed(Gone.CLAIMED)
    holder = "" if claimer else new_token()
    hand_on(owned, to=claimer, how=How.GIFT, gift=row, holder=holder, by=by, now=now)
    tell_claimed(row, now=now)
    return Claimed(owned, holder)


def why_gone(row: Gift, token: str, *, now: datetime) -> Gone | None:
    """Why this gift cannot be claimed with that token, None when it can."""
    if not fits("gift", token, row.token_hash):
        return Gone.NO_SUCH
    if row.state == GiftState.OPEN:
        return None if row.expires_at > now else Gone.OVER
    known = {GiftState.CLAIMED.value: Gone.CLAIMED, GiftState.TAKEN_BACK.value: Gone.TAKEN_BACK}
    return known.get(row.state, Gone.OVER)


@part
def hand_on(
    owned: Entitlement,
    *,
    to: str,
    how: str,
    by: str,
    now: datetime,
    gift: Gift | None = None,
    holder: str = "",
) -> None:
    """Let a locked thing change hands and write it into the chain. Every old proof ends here."""
    number = owned.moves + 1
    OwnershipChange.objects.create(
        entitlement=owned, number=number, was=owned.owner, became=to, how=how,
        gift=None if guard_off("wallet.gift_once") else gift, by=by[:48], at=now,
    )  # fmt: skip
    end_links(owned, by=by, now=now, why="moved")
    reissue_voucher(entitlement=owned, now=now)
    owned.owner, owned.moves, owned.given_at = to, number, None
    owned.holder_hash = token_hash("holder", holder) if holder else None
    Entitlement.objects.filter(pk=owned.pk).update(
        owner=owned.owner, moves=number, given_at=None, holder_hash=owned.holder_hash
    )
    kept = how == How.KEPT
    link_certificate(owned, what=What.KEPT if kept else What.GIVEN, by=by, now=now)
