"""From one decoded line to a number and a secret, or to the reason why not. Pure."""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from fulfillment.codefiles.clean import BROKEN, clean, has_control, looks_like_formula, tail
from fulfillment.codefiles.limits import MAX_LINE_BYTES, MAX_NUMBER, MAX_SECRET
from fulfillment.states import Verdict

DASHES = "----"
LOSSY = "\x00lossy"
NAMES: dict[str, frozenset[str]] = {
    "number": frozenset(
        {"card_number", "number", "card", "card_no", "cardno", "account", "卡号", "帐号", "账号"}
    ),
    "secret": frozenset(
        {"secret", "pin", "password", "code", "key", "卡密", "密码", "密钥", "兑换码", "激活码"}
    ),
    "expires_on": frozenset(
        {
            "expires_on",
            "expires",
            "expiry",
            "valid_until",
            "有效期",
            "到期",
            "到期日",
            "有效期至",
            "失效日期",
        }
    ),
}
DATE = re.compile(r"(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?(?:[ T]00:00(?::00)?)?")


@dataclass(frozen=True, slots=True)
class Entry:
    """A line fit for the vault. It holds clear text: never log it, never keep it."""

    number: str = field(repr=False)
    secret: str = field(repr=False)
    expires_on: date | None = None

    @property
    def identity(self) -> str:
        """What makes it the same code wherever it is met; hashed, never stored."""
        return f"{self.number}\x1f{self.secret}"

    @property
    def masked(self) -> str:
        """What lists show: the end of the number; of a code without one, two characters."""
        return tail(self.number) if self.number else tail(self.secret, most=2)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A line that is not taken: why, and what may be shown of it."""

    verdict: Verdict
    masked: str = ""


def split(text: str) -> list[str]:
    """Fields of a line: `----`, tab, comma (quoted or not) or blanks, in this order."""
    if DASHES in text:
        return [part.strip() for part in text.split(DASHES)]
    if "\t" in text:
        return [part.strip() for part in text.split("\t")]
    if "," in text or "，" in text:
        return [part.strip() for part in next(csv.reader([text.replace("，", ",")]))]
    return text.split()


def header(text: str) -> dict[str, int] | None:
    """Which column is which when `text` is a header line, else None."""
    fields = [clean(part).casefold() for part in split(clean(text))]
    found = {
        meaning: position
        for meaning, names in NAMES.items()
        for position, name in enumerate(fields)
        if name in names
    }
    return found if "secret" in found else None


def read_day(text: str) -> date | None:
    """A calendar day in the ways suppliers write it; None for no day at all. Raises ValueError."""
    if not text:
        return None
    match = DATE.fullmatch(text)
    if match is None:
        raise ValueError("not a day")
    return date(*(int(part) for part in match.groups()))


def parse(raw: str, *, columns: Mapping[str, int], single: bool, today: date) -> Entry | Refusal:
    """Judge one line. `columns` comes from the header line or is empty; `single` means that a
    line holds one code without a number; `today` is the shop's calendar day (reliability.md E02–E04).
    """
    if len(raw) > MAX_LINE_BYTES:
        return Refusal(Verdict.TOO_LONG, f"{len(raw)}")
    text = clean(raw)
    if not text:
        return Refusal(Verdict.BLANK)
    unfit = _unfit(text)
    if unfit is not None:
        return Refusal(unfit, _shown(text) if unfit is Verdict.FORMULA else "")
    single = single or (bool(columns) and "number" not in columns)
    number, secret, day = _pick([clean(part) for part in split(text)], columns, single=single)
    return _judge(number, secret, day, single=single, today=today, shown=_shown(text))


def _unfit(text: str) -> Verdict | None:
    """What is wrong with the line as a whole, before it is taken apart."""
    if LOSSY in text:
        return Verdict.LOSSY_NUMBER
    if BROKEN in text:
        return Verdict.UNDECODABLE
    if looks_like_formula(text) and not text.startswith(DASHES):
        return Verdict.FORMULA
    return Verdict.CONTROL if has_control(text.replace("\t", "")) else None


def _judge(
    number: str, secret: str, day: str, *, single: bool, today: date, shown: str
) -> Entry | Refusal:
    if not secret or not (number or single):
        return Refusal(Verdict.MALFORMED, shown)
    if looks_like_formula(number) or looks_like_formula(secret):
        return Refusal(Verdict.FORMULA, shown)
    if len(number) > MAX_NUMBER or len(secret) > MAX_SECRET:
        return Refusal(Verdict.TOO_LONG, shown)
    try:
        expires_on = read_day(day)
    except ValueError:
        return Refusal(Verdict.BAD_DATE, shown)
    if expires_on is not None and expires_on < today:
        return Refusal(Verdict.PAST_DATE, shown)
    return Entry(number, secret, expires_on)


def _pick(fields: list[str], columns: Mapping[str, int], *, single: bool) -> tuple[str, str, str]:
    def at(position: int | None) -> str:
        return fields[position] if position is not None and position < len(fields) else ""

    if columns:
        found = {meaning: at(columns.get(meaning)) for meaning in NAMES}
        return found["number"], found["secret"], found["expires_on"]
    if single:
        return "", at(0), at(1)
    # More fields than a code has: nobody knows which is which, so nothing is guessed.
    return ("", "", "") if len(fields) > 3 else (at(0), at(1), at(2))  # noqa: PLR2004


def _shown(text: str) -> str:
    """Enough to find the line again in the file, too little to be a secret."""
    first = split(text)[0] if split(text) else ""
    return tail(first, most=2)
