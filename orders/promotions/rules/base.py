"""What every kind of promotion answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Protocol, Self


class BadTerms(ValueError):
    """The parameters make no sense; `field` is the one, `key` names the reason for people."""

    def __init__(self, field: str, key: str) -> None:
        super().__init__(f"{field}: {key}")
        self.field = field
        self.key = key


class View(NamedTuple):
    """A line as a rule sees it: what it costs by now, and how much of that may be taken off."""

    quantity: int
    amount_minor: int
    room_minor: int


@dataclass(frozen=True, slots=True)
class Gift:
    """Goods given with a purchase; money for one, in minor units."""

    sku_code: str
    quantity: int
    list_minor: int
    floor_minor: int

    @property
    def worth_minor(self) -> int:
        return self.list_minor * self.quantity

    @property
    def cost_minor(self) -> int:
        return self.floor_minor * self.quantity


class Terms(Protocol):
    """The terms of one promotion. Pure; money in minor units."""

    # The name of the kind, and the key under which people are told.
    key: ClassVar[str]
    # Whether all lines it looked at are used up, or only those it made cheaper.
    whole: ClassVar[bool]

    @classmethod
    def read(cls, params: Mapping[str, Any]) -> Self:
        """Terms out of stored parameters. Raises BadTerms."""
        ...

    def offs(self, views: Sequence[View]) -> list[int]:
        """What to take off each line; the engine holds it to the line's room."""
        ...

    def gift(self, views: Sequence[View]) -> Gift | None:
        """What is given besides."""
        ...

    def params(self) -> dict[str, str | int]:
        """The terms for the sentence that explains them."""
        ...


class NoGift:
    """Terms that only make cheaper."""

    def gift(self, views: Sequence[View]) -> Gift | None:
        return None
