"""What a kind of page block is, and the socket that holds them. Nothing here reads a row."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise

from catalog.blocks.forms import BlockForm
from catalog.offers import ChannelView
from core.sockets import Socket


@dataclass(frozen=True, slots=True)
class Moment:
    """What a block may depend on: channel, language, time, member level; never the visitor."""

    channel: ChannelView
    language: str
    now: datetime
    level: int = 0


@dataclass(frozen=True, slots=True)
class Block:
    """A block ready to be shown: its template and what that template gets as `block`."""

    public_id: str
    kind: str
    template: str
    title: str
    content: Mapping[str, Any]
    is_live: bool = False


def never(params: Mapping[str, Any]) -> Iterable[datetime]:
    """For kinds that change only when a row changes."""
    return ()


@dataclass(frozen=True, slots=True)
class BlockKind:
    """A kind of block.

    `build` gives the template's content from settings that may be of an older form, or None to
    show nothing. `form` asks an operator for the settings: its cleaned data are what is stored, so
    they are JSON. `moments` names the times at which the block changes by itself, aware; kept
    pages end there. `icon` is a Material symbol. `is_live` blocks fetch a fragment with htmx.
    """

    title: str | Promise
    template: str
    build: Callable[[Mapping[str, Any], Moment], Mapping[str, Any] | None]
    form: type[BlockForm] = BlockForm
    icon: str = "widgets"
    hint: str | Promise = ""
    moments: Callable[[Mapping[str, Any]], Iterable[datetime]] = never
    is_live: bool = False


BLOCK_KINDS: Socket[BlockKind] = Socket("page block kinds")
