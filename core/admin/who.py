"""Who acts, and whose something is, as people read it: names instead of ids, contacts masked."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from core.sockets import Socket

# Filled by accounts: public id → name, "" for nobody.
NAMES: Socket[Callable[[str], str]] = Socket("names of people")


@dataclass(frozen=True, slots=True)
class Card:
    """How staff see somebody: a masked contact, the page of that person, what it takes to open it."""

    contact: str
    page: str
    perm: str


# Filled by accounts: public id → the card, None for nobody.
CARDS: Socket[Callable[[str], Card | None]] = Socket("cards of people")
PERSON = re.compile(r"(?:user:)?(usr_[0-9A-Z]{16})")
PARTIES = {
    "guest": _("a guest"), "system": _("the shop"), "worker": _("a worker"),
    "system:demo": _("the demo"),
}  # fmt: skip
KEPT_SECONDS = 60


@lru_cache(maxsize=2000)
def _name(public_id: str, _minute: int) -> str:
    ask = NAMES.find("people")
    return ask(public_id) if ask else ""


def who(text: str) -> str:
    """Every person's id in a text as their name; an id that nobody has stays."""
    if text in PARTIES:
        return str(PARTIES[text])
    minute = int(time.time() // KEPT_SECONDS)
    return PERSON.sub(lambda found: _name(found.group(1), minute) or found.group(), text)


@lru_cache(maxsize=2000)
def _card(public_id: str, _minute: int) -> Card | None:
    ask = CARDS.find("people")
    return ask(public_id) if ask else None


def person(public_id: str, viewer: Any = None) -> SafeString | str:
    """A person's masked contact, as a link where the viewer may open it; an id nobody has stays."""
    card = _card(public_id, int(time.time() // KEPT_SECONDS))
    if card is None:
        return public_id
    if viewer is None or not viewer.has_perm(card.perm):
        return card.contact
    return format_html(
        '<a class="text-primary-600 dark:text-primary-500" href="{}" title="{}">{}</a>',
        card.page, public_id, card.contact,
    )  # fmt: skip
