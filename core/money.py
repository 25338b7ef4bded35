"""Money is an integer number of minor units (分 for CNY) and a currency. There are no floats."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

# ISO 4217 exponents of the currencies a shop may use; PTS (points) has none.
EXPONENTS = {"CNY": 2, "USD": 2, "EUR": 2, "HKD": 2, "JPY": 0, "PTS": 0}
SYMBOLS = {"CNY": "¥", "USD": "$", "EUR": "€", "HKD": "HK$", "JPY": "¥", "PTS": ""}
# bigint is wider, but no honest price is: ten thousand million yuan.
LARGEST_MINOR = 10**12


class BadMoney(ValueError):
    """The text is not an amount of this currency."""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount: `minor` in minor units of `currency`. Adding two currencies raises."""

    minor: int
    currency: str = "CNY"

    def __add__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __str__(self) -> str:
        return format_minor(self.minor, self.currency)

    def _same(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise BadMoney(f"{self.currency} and {other.currency} do not mix")


def split_minor(total: int, weights: Sequence[int]) -> list[int]:
    """Split `total` minor units in proportion to `weights` without losing a unit.

    Largest remainder (Hamilton); ties go to the earlier part, so the result is deterministic.
    With all weights zero the parts are as equal as they can be. Raises ValueError for no
    weights or a negative one. Works for negative totals by symmetry.
    """
    if not weights or min(weights) < 0:
        raise ValueError("split needs weights, none of them negative")
    if total < 0:
        return [-part for part in split_minor(-total, weights)]
    shares = list(weights) if sum(weights) else [1] * len(weights)
    whole = sum(shares)
    parts = [total * share // whole for share in shares]
    remainders = [total * share % whole for share in shares]
    by_remainder = sorted(range(len(shares)), key=lambda i: (-remainders[i], i))
    for i in by_remainder[: total - sum(parts)]:
        parts[i] += 1
    return parts


def parse_minor(text: str, currency: str = "CNY") -> int:
    """Read a decimal string such as "98.50" as minor units of `currency`.

    Raises BadMoney for anything else: exponents, NaN, too many decimals, absurd size.
    """
    cleaned = text.strip()
    if not cleaned or not set(cleaned) <= set("0123456789.-"):
        raise BadMoney(f"{text!r} is not an amount")
    try:
        amount = Decimal(cleaned).scaleb(EXPONENTS[currency])
    except (InvalidOperation, KeyError) as error:
        raise BadMoney(f"{text!r} is not an amount in {currency}") from error
    if amount != amount.to_integral_value() or abs(amount) > LARGEST_MINOR:
        raise BadMoney(f"{text!r} is not an amount in {currency}")
    return int(amount)


def decimal_text(minor: int, currency: str = "CNY") -> str:
    """Minor units as a plain decimal string, "98.50", for files and protocols."""
    exponent = EXPONENTS[currency]
    sign, digits = ("-" if minor < 0 else ""), str(abs(minor)).rjust(exponent + 1, "0")
    return sign + (f"{digits[:-exponent]}.{digits[-exponent:]}" if exponent else digits)


def format_minor(minor: int, currency: str = "CNY") -> str:
    """Minor units for people: "¥98.50", "-¥3.00"; points as a bare number."""
    sign = "-" if minor < 0 else ""
    return f"{sign}{SYMBOLS[currency]}{decimal_text(abs(minor), currency)}"
