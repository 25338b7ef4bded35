"""Choices read from bytes: Hypothesis draws and shrinks one value instead of a hundred small ones."""

from collections.abc import Sequence
from typing import TypeVar

Choice = TypeVar("Choice")
#: One number in so many lies on an edge of its range, where mistakes live.
EDGES = 6


class Dice:
    """Numbers and choices out of `data`; where it ends they are the least and the first.

    All bytes zero is the smallest thing that can be made, so shrinking the bytes shrinks it.
    """

    def __init__(self, data: bytes) -> None:
        self.data, self.place = data, 0

    def number(self, least: int, most: int) -> int:
        """From `least` to `most`, both included; the edges of a wide range more often."""
        if most - least > EDGES and self._read(1) % EDGES == EDGES - 1:
            return self.choice((least, least + 1, most - 1, most))
        return least + self._read(3) % (most - least + 1)

    def choice(self, among: Sequence[Choice]) -> Choice:
        return among[self._read(1) % len(among)]

    def some(self, among: Sequence[Choice], *, least: int = 0, most: int) -> frozenset[Choice]:
        """At most `most` of them, and one at the least where `least` is one."""
        return frozenset(self.choice(among) for _ in range(self.number(least, most)))

    def _read(self, size: int) -> int:
        read = self.data[self.place : self.place + size]
        self.place += size
        return int.from_bytes(read, "big")
