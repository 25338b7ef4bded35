"""Give what one owns to a friend: a link that works once. Until it is claimed nothing changes hands."""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from catalog.states import DeliveryKind
from core import limits, transitions
from core.faults import guard_off
from core.ids import new_token
from core.tx import step
from fulfillment.models import CodeReveal, Entitlement, EntitlementBinding, Gift
from fulfillment.services.wallet.lock_owned import lock_owned
from fulfillment.services.wallet.reveal_links import end_links
from fulfillment.states import DeliveryState, EntitlementState, GiftState
from fulfillment.tokens import token_hash

OPEN_FOR = timedelta(days=7)
GIVEN_A_DAY = 50
DAY_SECONDS = 86_400
# Kinds that can change hands: the rest is credited to somebody's account already.
GIVEABLE = frozenset({DeliveryKind.POOL, DeliveryKind.VOUCHER})
CARDS = ("spring", "birthday", "thanks", "cheer", "moon", "plain")
LONGEST_NAME, LONGEST_GREETING = 20, 200
_NOT_A_NAME = re.compile(r"[^\w\s·'-]|_", re.UNICODE)


class Obstacle(TextChoices):
    """Why something cannot be given, in words for its owner."""

    KIND = "kind", _("What was credited to an account cannot be given on.")
    SEEN = "seen", _("Its code was shown already, so it cannot be given: two people would know it.")
    GIVEN = "given", _("It is on its way to a friend already.")
    ACTIVE = "active", _("It is in use already, so it cannot be given.")
    OVER = "over", _("It is used up, expired or was taken back.")
    MOVED = "moved", _("It is not yours any more.")
    OFTEN = "often", _("You have given very much today. Please go on tomorrow.")


class NotGiven(Exception):
    """It was not given away; nothing has changed."""

    def __init__(self, why: Obstacle) -> None:
        super().__init__(why.value)
        self.why = why


@dataclass(frozen=True, slots=True)
class Given:
    """The gift and its link's token, which is not kept: it is told to the giver now or never."""

    gift: Gift
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Wish:
    """What stands on the card. `card` is one of CARDS; texts are cut and cleaned when used."""

    sender: str = ""
    greeting: str = ""
    card: str = CARDS[0]
    language: str = "zh-hans"


@step()
def give(*, entitlement: str, giver: str, by: str, wish: Wish, moves: int, now: datetime) -> Given:
    """Put it on its way to whoever opens the link. `giver` is a user's public id, "" for a guest.

    The caller has checked that the giver holds it while it has changed hands `moves` times. From now
    on its code is shown to nobody and it cannot be used, until the friend has it or it is back. It
    goes back by itself after seven days, or when it ends. Raises NotGiven.
    """
    if giver and not limits.hit(f"give:{giver}", limit=GIVEN_A_DAY, seconds=DAY_SECONDS, now=now):
        raise NotGiven(Obstacle.OFTEN)
    row = lock_owned(entitlement)
    if row is None or row.moves != moves or row.owner != giver:
        raise NotGiven(Obstacle.MOVED)
    against = obstacle(row, now=now)
    if against is not None:
        raise NotGiven(against)
    if not guard_off("wallet.veil"):
        Entitlement.objects.filter(pk=row.pk, given_at=None).update(given_at=now)
    end_links(row, by=by, now=now, why="given")
    token = new_token()
    gift = Gift.objects.create(
        entitlement=row, token_hash=token_hash("gift", token), giver=giver,
        sender=plain_name(wish.sender), greeting=plain_text(wish.greeting),
        card=wish.card if wish.card in CARDS else CARDS[0], moves=row.moves,
        language=wish.language[:8], created_at=now,
        expires_at=min(filter(None, (now + OPEN_FOR, row.valid_until))),
    )  # fmt: skip
    transitions.begin(entity="gift", subject=gift.public_id, state=GiftState.OPEN, now=now, by=by)
    return Given(gift, token)


def obstacle(row: Entitlement, *, now: datetime) -> Obstacle | None:
    """What speaks against giving it away, None when nothing does. Decides only on a locked row."""
    ended = row.valid_until is not None and row.valid_until <= now
    over = row.delivery.state != DeliveryState.DELIVERED or ended
    used = row.state == EntitlementState.ACTIVE
    reasons = (
        (row.kind not in GIVEABLE, Obstacle.KIND),
        (row.given_at is not None, Obstacle.GIVEN),
        (used and not over, Obstacle.ACTIVE),
        (over or row.state != EntitlementState.ISSUED, Obstacle.OVER),
    )
    for holds, why in reasons:
        if holds:
            return why
    if EntitlementBinding.objects.filter(entitlement=row).exists():
        return Obstacle.ACTIVE
    # A voucher gets another code when it changes hands; the text of a card stays what it is.
    looks = CodeReveal.objects.filter(delivery_id=row.delivery_id)
    return Obstacle.SEEN if row.kind == DeliveryKind.POOL and looks.exists() else None


@step()
def renew_gift_link(*, gift: str, by: str, now: datetime) -> Given | None:
    """A new link for a gift that nobody has claimed; the old one opens nothing any more.

    None when the gift is over. The caller has checked that it is the reader's gift.
    """
    token = new_token()
    changed = Gift.objects.filter(public_id=gift, state=GiftState.OPEN, expires_at__gt=now).update(
        token_hash=token_hash("gift", token)
    )
    if not changed:
        return None
    row = Gift.objects.select_related("entitlement").get(public_id=gift)
    transitions.begin(
        entity="gift", subject=gift, state=GiftState.OPEN, now=now, by=by, why="new link"
    )
    return Given(row, token)


def plain_name(text: str) -> str:
    """A name without anything that could be read as an address or a link."""
    flat = unicodedata.normalize("NFKC", text)
    return " ".join(_NOT_A_NAME.sub("", flat).split())[:LONGEST_NAME]


def plain_text(text: str) -> str:
    """A few words without control characters; line breaks stay."""
    kept = "".join(
        sign for sign in text.replace("\r\n", "\n") if sign == "\n" or sign.isprintable()
    )
    return kept.strip()[:LONGEST_GREETING]
