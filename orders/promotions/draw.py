"""A lottery that anybody can check: commit before, reveal after. Pure; knows no database.

Before it opens the shop publishes SHA-256 of its secret seed (32 bytes) followed by the prize table
as the exact text that the page shows. Draw number `n` then is HMAC-SHA256, keyed with the seed, over
`lottery|n|round|client`: its first 32 bits are a number, which is taken modulo the whole unless it
lies in the last, incomplete stretch, where another round is drawn. So every one of the `whole` outcomes
is exactly as likely, and the odds that are shown are true by construction. `docs/lottery.md` tells it
to a stranger.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

FORMAT = "quanyi-lottery-1"
SEED_BYTES = 32
SPACE = 2**32
LARGEST_WHOLE = 1_000_000
CLIENT_LENGTH = 32


class BadTable(ValueError):
    """The table is none that could be drawn from; the message is a key of why."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A line of the prize table: so many outcomes of the whole, so many pieces (None: no end)."""

    key: str
    name: str
    odds: int
    stock: int | None


@dataclass(frozen=True, slots=True)
class Table:
    """The prize table in its published order. When a prize is gone its outcomes are `fallback`."""

    lottery: str
    whole: int
    outcomes: tuple[Outcome, ...]
    fallback: str

    def text(self) -> str:
        """The table as it is published and hashed. Raises BadTable."""
        self.check()
        prizes = [
            {"key": one.key, "name": one.name, "odds": one.odds, "stock": one.stock}
            for one in self.outcomes
        ]
        said = {
            "format": FORMAT, "lottery": self.lottery, "whole": self.whole,
            "fallback": self.fallback, "prizes": prizes,
        }  # fmt: skip
        return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    def check(self) -> None:
        """Raise BadTable unless the odds sum to the whole and the fallback never ends."""
        keys = [one.key for one in self.outcomes]
        if not keys or len(set(keys)) != len(keys):
            raise BadTable("keys")
        if not 1 <= self.whole <= LARGEST_WHOLE:
            raise BadTable("whole")
        if any(one.odds < 0 or (one.stock is not None and one.stock < 1) for one in self.outcomes):
            raise BadTable("numbers")
        if sum(one.odds for one in self.outcomes) != self.whole:
            raise BadTable("sum")
        if not any(one.key == self.fallback and one.stock is None for one in self.outcomes):
            raise BadTable("fallback")

    def at(self, value: int) -> Outcome:
        """Whose outcome the number is, 0 to whole - 1: prizes take their odds in table order."""
        end = 0
        for one in self.outcomes:
            end += one.odds
            if value < end:
                return one
        raise IndexError(value)


def read_table(text: str) -> Table:
    """The table that a published text says. Raises BadTable, ValueError, KeyError."""
    said = json.loads(text)
    if said["format"] != FORMAT:
        raise BadTable("format")
    outcomes = tuple(
        Outcome(one["key"], one["name"], one["odds"], one["stock"]) for one in said["prizes"]
    )
    table = Table(said["lottery"], said["whole"], outcomes, said["fallback"])
    table.check()
    return table


def commitment(seed: bytes, table: str) -> str:
    """SHA-256 in hex over the seed and the table's text. Raises BadTable for a seed of other length."""
    if len(seed) != SEED_BYTES:
        raise BadTable("seed")
    return hashlib.sha256(seed + table.encode()).hexdigest()


def client_part(words: str) -> str:
    """What stands for a player's own words in the draw and in public: the head of their SHA-256."""
    return hashlib.sha256(words.strip().encode()).hexdigest()[:CLIENT_LENGTH]


def fair(value: int, whole: int, *, space: int = SPACE) -> int | None:
    """`value` of 0 to space - 1 as one of 0 to whole - 1, all equally likely; None: draw again."""
    return value % whole if value < space - space % whole else None


def draw(seed: bytes, *, lottery: str, number: int, client: str, whole: int) -> int:
    """The outcome of draw `number`, 0 to whole - 1."""
    turn = 0
    while True:
        message = f"{lottery}|{number}|{turn}|{client}".encode()
        found = fair(int.from_bytes(hmac.digest(seed, message, "sha256")[:4]), whole)
        if found is not None:
            return found
        turn += 1


def replay(seed: bytes, table: Table, clients: Sequence[tuple[int, str]]) -> Iterable[str]:
    """The prize of each draw (number, client), in the order of numbers, with stock running out."""
    left = {one.key: one.stock for one in table.outcomes}
    for number, client in clients:
        one = table.at(
            draw(seed, lottery=table.lottery, number=number, client=client, whole=table.whole)
        )
        stock = left[one.key]
        if stock is None:
            yield one.key
            continue
        if stock:
            left[one.key] = stock - 1
        yield one.key if stock else table.fallback
