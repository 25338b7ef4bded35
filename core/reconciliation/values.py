"""What is compared, as plain values. Money in minor units; what came to us or back to us is positive."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from core.crypto import sha256_hex

#: Days of statements are days in Shanghai, whatever the shop's own clock shows.
ZONE = ZoneInfo("Asia/Shanghai")
DAY = timedelta(days=1)
#: What happened so near midnight may stand in the neighboring day's statement.
EDGE = timedelta(minutes=15)


def day_bounds(day: date) -> tuple[datetime, datetime]:
    """First instant of a day in Shanghai and of the next one."""
    start = datetime(day.year, day.month, day.day, tzinfo=ZONE)
    return start, start + DAY


def day_of(at: datetime) -> date:
    """The day in Shanghai of an instant."""
    return at.astimezone(ZONE).date()


class Expect(StrEnum):
    """What the other side's book should hold of an entry of ours."""

    MUST = "must"
    #: It failed: whatever was charged has been given back.
    CANCELS = "cancels"
    #: It is not decided yet; nothing is judged.
    OPEN = "open"
    #: By our book nothing moved.
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Line:
    """One movement as the other side wrote it down. `day` is that of its statement."""

    kind: str
    number: str
    their_no: str
    amount_minor: int
    currency: str
    at: datetime
    fee_minor: int = 0
    after_minor: int | None = None
    day: date = date.min
    pk: int = 0
    position: int = 0

    def facts(self) -> dict[str, str | int]:
        return {
            "kind": self.kind, "number": self.number, "their_no": self.their_no,
            "amount_minor": self.amount_minor, "fee_minor": self.fee_minor,
            "currency": self.currency, "at": self.at.astimezone(ZONE).isoformat(timespec="seconds"),
            "day": self.day.isoformat(),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Own:
    """One movement as our book has it.

    `amount_minor` None: the amount is not ours to know. `fee_minor` None: no fee was agreed.
    `booked_minor` is what the ledger says of it, None where that is not looked at.
    """

    kind: str
    number: str
    their_no: str
    amount_minor: int | None
    currency: str
    at: datetime
    subject: str
    state: str = ""
    expect: Expect = Expect.MUST
    fee_minor: int | None = None
    booked_minor: int | None = None

    @property
    def day(self) -> date:
        return day_of(self.at)

    def facts(self) -> dict[str, str | int]:
        known: dict[str, str | int | None] = {
            "kind": self.kind, "number": self.number, "their_no": self.their_no,
            "amount_minor": self.amount_minor, "fee_minor": self.fee_minor,
            "booked_minor": self.booked_minor, "currency": self.currency, "state": self.state,
            "subject": self.subject, "at": self.at.astimezone(ZONE).isoformat(timespec="seconds"),
        }  # fmt: skip
        return {name: value for name, value in known.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Break:
    """One disagreement. `kind` is a value of core.models.BreakKind."""

    kind: str
    what: str
    number: str = ""
    their_no: str = ""
    subject: str = ""
    delta_minor: int = 0
    currency: str = "CNY"
    theirs: Mapping[str, str | int] = field(default_factory=dict)
    ours: Mapping[str, str | int] = field(default_factory=dict)

    def fingerprint(self, nth: int = 0) -> str:
        """The same for the same disagreement in every run; `nth` tells twins apart."""
        facts = [sorted(self.theirs.items()), sorted(self.ours.items())]
        text = repr((self.kind, self.what, self.number, self.their_no, facts, nth))
        return sha256_hex(text.encode())


@dataclass(slots=True)
class Result:
    """What one run found. `outcomes` says it of each line by its key; `sums` by currency.

    `found_elsewhere` names the statement day of entries that stand in another day's statement.
    `skipped` says why nothing was compared; then nothing is concluded either.
    """

    theirs_count: int = 0
    ours_count: int = 0
    matched: int = 0
    other_day: int = 0
    under_way: int = 0
    breaks: list[Break] = field(default_factory=list)
    outcomes: dict[int, str] = field(default_factory=dict)
    sums: dict[str, dict[str, int]] = field(default_factory=dict)
    found_elsewhere: dict[str, str] = field(default_factory=dict)
    skipped: str = ""
    note: str = ""

    def add(self, currency: str, name: str, minor: int) -> None:
        at = self.sums.setdefault(currency, {"theirs": 0, "ours": 0, "disputed": 0})
        at[name] += minor


@dataclass(frozen=True, slots=True)
class Fetched:
    """A statement as it came: the file, what was read of it, and (line from 1, why) of the rest."""

    raw: bytes = field(repr=False)
    lines: Sequence[Line]
    rejected: Sequence[tuple[int, str]] = ()


class Unavailable(Exception):
    """The statement could not be had, or is not what it says it is; ask again later."""
