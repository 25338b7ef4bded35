"""Money of dialect C: yuan as a decimal string with two digits, kept as whole fen."""

import re


def parse(text: object) -> int:
    """Fen of `16.50`, also negative. Raises ValueError for anything else."""
    if not isinstance(text, str) or not re.fullmatch(r"-?\d{1,10}\.\d{2}", text, re.ASCII):
        raise ValueError(f"not an amount with two digits: {text!r}")
    return int(text.replace(".", ""))


def show(minor: int) -> str:
    sign = "-" if minor < 0 else ""
    return f"{sign}{abs(minor) // 100}.{abs(minor) % 100:02d}"
