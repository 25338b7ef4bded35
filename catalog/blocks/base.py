"""What a kind of page block is, and the socket that holds them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise

from catalog.offers import ChannelView
from core.sockets import Socket


@dataclass(frozen=True, slots=True)
class Moment:
    """What a block may depend on: channel, language and time, never the visitor."""

    channel: ChannelView
    language: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Block:
    """A block ready to be shown: its template and what that template gets as `block`."""

    public_id: str
    kind: str
    template: str
    title: str
    content: Mapping[str, Any]


def nothing_wrong(params: Mapping[str, Any]) -> str:
    """For kinds whose settings cannot be wrong."""
    return ""


@dataclass(frozen=True, slots=True)
class BlockKind:
    """A kind of block. `build` gives the template's content, or None to show nothing.

    `wrong` says what is wrong with an operator's settings (translated), or nothing.
    """

    title: str | Promise
    template: str
    build: Callable[[Mapping[str, Any], Moment], Mapping[str, Any] | None]
    wrong: Callable[[Mapping[str, Any]], str] = nothing_wrong
    example: str = "{}"


BLOCK_KINDS: Socket[BlockKind] = Socket("page block kinds")
