"""What is given away, a prize or what a code stands for: a socket of kinds, filled by the rooms."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise

from core.sockets import Socket

NOTHING = "nothing"


class NotYet(Exception):
    """It cannot be given now; it is tried again. The message says why, in words."""


@dataclass(frozen=True, slots=True)
class Gift:
    """Something for nothing: which, for whom, under whose budget.

    `key` (a public id) makes it one gift for ever. `source` is the public id of the lottery or batch
    that stands for the subsidy, `budget_minor` its limit in minor units. `owner` is empty for a
    guest; `contact` is empty when nobody could be told.
    """

    key: str
    source: str
    title: str
    title_en: str
    budget_minor: int
    channel: str
    sku_code: str
    ref: str
    amount: int
    language: str
    contact_kind: str = ""
    contact: str = field(default="", repr=False)
    user_id: int | None = None
    owner: str = ""
    ip: str = ""


@dataclass(frozen=True, slots=True)
class PrizeKind:
    """How a kind of thing is given.

    `give(gift=, now=)` opens its own transactions, is safe to repeat (the gift's key decides), returns
    the public id of what it became and raises NotYet; None when there is nothing to give.
    `problem(prize)` says in words why such a line or batch cannot be offered, else "". Only a kind
    that is `endless` may be offered without a number of pieces. `hindrance(gift=, now=)` says why
    it could not be given at this moment. `address(result)` is where its owner finds it. What is
    `codes_only` can be no prize of a lottery.
    """

    key: str
    title: str | Promise
    problem: Callable[[Any], str]
    give: Callable[..., str] | None = None
    endless: bool = True
    # Whether a line's `amount` is money in minor units, not a number of pieces.
    money: bool = False
    needs_account: bool = False
    hindrance: Callable[..., str] | None = None
    address: Callable[[str], str] | None = None
    codes_only: bool = False


PRIZES: Socket[PrizeKind] = Socket("kinds of prizes")


def kind_words(key: str) -> str:
    """What a kind is called; its key when no room gives it any more."""
    kind = PRIZES.find(key)
    return str(kind.title) if kind else key
