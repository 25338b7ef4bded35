"""Who acts, as people read it: names instead of ids, words instead of parties."""

import re
import time
from collections.abc import Callable
from functools import lru_cache

from django.utils.translation import gettext_lazy as _

from core.sockets import Socket

# Filled by accounts: public id → name, "" for nobody.
NAMES: Socket[Callable[[str], str]] = Socket("names of people")
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
