"""Kill switches: a closed set declared in code, thrown by an operator, read at most once a second."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise

from core import audit
from core.cache import Versioned, bump
from core.models.switch import SwitchState
from core.sockets import Socket
from core.tx import part


@dataclass(frozen=True, slots=True)
class Switch:
    """What it stops, who owns it, and when it should be gone ("never" for a permanent one)."""

    name: str
    default: bool
    title: str | Promise
    owner: str
    remove_by: str = "never"


SWITCHES: Socket[Switch] = Socket("switches")


def declare(
    name: str, *, default: bool, title: str | Promise, owner: str, remove_by: str = "never"
) -> Switch:
    """Declare a switch; an undeclared name cannot be asked for."""
    return SWITCHES.register(name, Switch(name, default, title, owner, remove_by))


def _load() -> dict[str, bool]:
    return dict(SwitchState.objects.values_list("name", "on"))


_states = Versioned("switches", _load)


def is_on(name: str) -> bool:
    """Whether the switch is on. Raises KeyError for one that nobody declared."""
    return _states.get().get(name, SWITCHES.get(name).default)


def forget() -> None:
    """Read again at the next question (between tests)."""
    _states.forget()


@part
def throw(*, name: str, on: bool, by: str, note: str, now: datetime) -> None:
    """Set a switch, with who and why in the audit trail. Raises KeyError for an unknown one."""
    before = is_on(SWITCHES.get(name).name)
    SwitchState.objects.update_or_create(
        name=name, defaults={"on": on, "note": note, "changed_by": by, "changed_at": now}
    )
    audit.record(
        tag="switch:thrown",
        by=by,
        subject=f"switch:{name}",
        before={"on": before},
        after={"on": on, "note": note},
        now=now,
    )
    bump("switches")
