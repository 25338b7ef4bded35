"""What became of a thing, newest first: for its holder, from the moment it was theirs."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core.models import StateChange
from core.money import format_minor
from core.sockets import Socket
from fulfillment.models import (
    CodeIssue,
    CodeReveal,
    Entitlement,
    EntitlementBinding,
    Gift,
    OwnershipChange,
    Redemption,
    RedemptionKind,
    RevealLink,
)
from fulfillment.states import EntitlementState, GiftState, LinkState

MOST = 60


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of an entitlement's history."""

    at: datetime
    text: str


#: Filled by who knows more (uses at a till): (entitlement) → happenings of it.
HISTORIES: Socket[Callable[[Entitlement], Iterable[Happening]]] = Socket("histories of the wallet")


def happenings(row: Entitlement) -> list[Happening]:
    """The newest lines of its history. What happened before it came to its holder is not told."""
    since = _since(row)
    found = [
        *_arrival(row), *_looks(row), *_activations(row), *_uses(row), *_gifts(row), *_links(row),
        *_states(row),
        *(one for history in HISTORIES for one in history(row)),
    ]  # fmt: skip
    mine = (one for one in found if since is None or one.at >= since)
    return list(islice(sorted(mine, key=lambda one: one.at, reverse=True), MOST))


def _since(row: Entitlement) -> datetime | None:
    """When it was given to its holder; a guest who put it into an account held it before."""
    if not row.moves:
        return None
    changes = OwnershipChange.objects.filter(entitlement=row, how=OwnershipChange.How.GIFT)
    return changes.order_by("-number").values_list("at", flat=True).first()


def _arrival(row: Entitlement) -> Iterable[Happening]:
    yield Happening(row.created_at, _("It came into the wallet."))
    for change in OwnershipChange.objects.filter(entitlement=row).select_related("gift"):
        if change.how == OwnershipChange.How.KEPT:
            yield Happening(change.at, _("It was put into your account."))
        else:
            sender = change.gift.sender if change.gift else ""
            words = _("You accepted it from %(who)s.") % {"who": sender}
            yield Happening(change.at, words if sender else _("You accepted it as a gift."))
    for issue in CodeIssue.objects.filter(delivery_id=row.delivery_id, number__gt=1):
        yield Happening(issue.at, _("The code was replaced by another one."))


def _looks(row: Entitlement) -> Iterable[Happening]:
    looks = CodeReveal.objects.filter(delivery_id=row.delivery_id).order_by("-at")[:20]
    for look in looks:
        by_link = look.by.startswith("link:")
        yield Happening(
            look.at, _("The code was shown by a link.") if by_link else _("The code was shown.")
        )


def _activations(row: Entitlement) -> Iterable[Happening]:
    for one in EntitlementBinding.objects.filter(entitlement=row):
        if one.masked:
            words = _("It was activated and bound to %(what)s.") % {"what": one.masked}
        else:
            words = _("It was activated.")
        yield Happening(one.at, words)


def _uses(row: Entitlement) -> Iterable[Happening]:
    english = (get_language() or "").startswith("en")
    uses = Redemption.objects.filter(entitlement=row).select_related("store").order_by("-id")
    for use in uses[:30]:
        store = use.store.name_en if english else use.store.name
        if use.kind == RedemptionKind.UNDO:
            words = _("A use at %(store)s was undone.")
        elif use.amount_minor:
            words = _("%(amount)s was used at %(store)s.")
        else:
            words = _("It was used at %(store)s.")
        amount = format_minor(use.amount_minor, use.currency)
        yield Happening(use.at, words % {"store": store, "amount": amount})


def _gifts(row: Entitlement) -> Iterable[Happening]:
    ends = {
        GiftState.TAKEN_BACK.value: _("You took the gift back."),
        GiftState.RETURNED.value: _("Nobody accepted the gift; it came back."),
    }
    for gift in Gift.objects.filter(entitlement=row, moves=row.moves):
        yield Happening(gift.created_at, _("You put it on its way to a friend."))
        if gift.ended_at and gift.state in ends:
            yield Happening(gift.ended_at, ends[gift.state])


def _links(row: Entitlement) -> Iterable[Happening]:
    for link in RevealLink.objects.filter(entitlement=row, moves=row.moves).order_by("-id")[:10]:
        words = _("A link that works once was sent to %(who)s.") % {"who": link.sent_to}
        yield Happening(link.created_at, words)
        if link.used_at and link.state == LinkState.USED:
            yield Happening(link.used_at, _("The link was opened."))


def _states(row: Entitlement) -> Iterable[Happening]:
    words = {
        EntitlementState.EXHAUSTED.value: _("It is used up."),
        EntitlementState.EXPIRED.value: _("It has expired."),
        EntitlementState.REVOKED.value: _("It was taken back."),
    }
    for change in StateChange.objects.filter(subject=row.public_id).order_by("-id")[:20]:
        if change.became in words:
            yield Happening(change.at, words[change.became])
