"""One-time links by mail or SMS which show a code: the message carries the link, never the code."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from accounts.contacts import read_contact
from accounts.models import Message
from accounts.services.send_message import send_message
from core import audit, limits, transitions
from core.faults import guard_off
from core.ids import new_token
from core.tx import part, step
from fulfillment.addresses import link_address
from fulfillment.models import Entitlement, RevealLink
from fulfillment.queries.showing import shown
from fulfillment.services.reveal import NotRevealable, reveal
from fulfillment.services.wallet.lock_owned import lock_owned
from fulfillment.states import LinkState
from fulfillment.tokens import fits, token_hash
from fulfillment.units import RevealedCode

GOOD_FOR = timedelta(hours=24)
SENT_A_DAY, SENT_TO_ONE_A_DAY = 20, 5
DAY_SECONDS = 86_400
BATCH = 200


class NotSent(Exception):
    """No link was sent: it is not held any more, given away, or too many were sent today."""


class LinkOver(LookupError):
    """The link was used, replaced or is too old, or there is nothing behind it."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What a link showed. `entitlement` names the goods for their guide."""

    entitlement: Entitlement
    codes: list[RevealedCode] = field(repr=False)


@step()
def send_reveal_link(
    *, entitlement: str, to: str, by: str, moves: int, language: str, now: datetime
) -> RevealLink:
    """Send a link that shows the code once within 24 hours; a link sent before stops working.

    `to` is a mail address or phone; the caller has checked that `by` holds the goods while they have
    changed hands `moves` times. Raises NotSent, risk.values.NotAValue. Source: F7, R-VLT-6.
    """
    contact = read_contact(to)
    for key, limit in (
        (f"link:{entitlement}", SENT_A_DAY), (f"link:to:{contact.index.hex()[:32]}", SENT_TO_ONE_A_DAY),
    ):  # fmt: skip
        if not limits.hit(key, limit=limit, seconds=DAY_SECONDS, now=now):
            raise NotSent("often")
    row = lock_owned(entitlement)
    if row is None or row.moves != moves or row.given_at is not None:
        raise NotSent("moved")
    end_links(row, by=by, now=now, why="replaced")
    token = new_token()
    link = RevealLink.objects.create(
        entitlement=row, token_hash=token_hash("link", token), moves=row.moves,
        sent_to=contact.masked, by=by[:48], created_at=now, expires_at=now + GOOD_FOR,
    )  # fmt: skip
    transitions.begin(
        entity="reveallink", subject=link.public_id, state=LinkState.OPEN, now=now, by=by
    )
    look = shown(row.sku_id, language)
    send_message(
        kind=Message.Kind.MAIL if contact.kind == "mail" else Message.Kind.SMS,
        to=contact.value,
        template="code_link",
        context={
            "url": link_address(link.public_id, token),
            "title": f"{look.title} {look.sku_title}".strip(),
            "guide": look.guide[:2000],
        },
        language=language,
        now=now,
        expires_at=link.expires_at,
    )
    audit.record(
        tag="codes:link_sent", by=by, subject=row.public_id, now=now,
        after={"link": link.public_id, "to": contact.masked},
    )  # fmt: skip
    return link


def open_reveal_link(*, link: str, token: str, ip: str, now: datetime) -> Opened:
    """Use the link up, then show the code: a crash in between costs the link, never a second look.

    Raises LinkOver; the owner sees the code in the wallet all the same.
    """
    row = RevealLink.objects.select_related("entitlement__delivery").filter(public_id=link).first()
    if row is None or not fits("link", token, row.token_hash) or not _use(row, now):
        raise LinkOver(link)
    owned = row.entitlement
    try:
        codes = reveal(
            delivery_id=owned.delivery.public_id, by=f"link:{link}", ip=ip, now=now, moves=row.moves
        )
    except NotRevealable as error:
        raise LinkOver(link) from error
    return Opened(owned, codes)


@step()
def _use(row: RevealLink, now: datetime) -> bool:
    if row.expires_at <= now:
        return False
    from_ = list(LinkState) if guard_off("wallet.link_once") else [LinkState.OPEN]
    return transitions.move(
        RevealLink, row.pk, from_=from_, to=LinkState.USED, now=now, by="link", used_at=now
    )


@part
def end_links(owned: Entitlement, *, by: str, now: datetime, why: str) -> None:
    """Links that were sent for a thing open nothing any more."""
    for pk in RevealLink.objects.filter(entitlement=owned, state=LinkState.OPEN).values_list("pk"):
        transitions.move(
            RevealLink, pk[0], from_=[LinkState.OPEN], to=LinkState.ENDED, now=now, by=by, why=why
        )


@step()
def end_old_links(*, now: datetime) -> int:
    """Links past their time are over; returns how many."""
    old = RevealLink.objects.filter(state=LinkState.OPEN, expires_at__lte=now)
    return sum(
        transitions.move(
            RevealLink, pk, from_=[LinkState.OPEN], to=LinkState.ENDED, now=now, by="system",
            why="too late",
        )
        for pk in list(old.values_list("pk", flat=True)[:BATCH])
    )  # fmt: skip
