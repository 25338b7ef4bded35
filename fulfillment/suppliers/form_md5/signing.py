"""Dialect B's recipes: pure functions, checked against published examples.

Suppliers of this family agree on "sort, join, append the secret, MD5" and on nothing else; what they
disagree about is a ``Recipe``, filled from the options of the connection.
"""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from core.crypto import md5_hex, same

SHANGHAI = ZoneInfo("Asia/Shanghai")
TIME = "%Y%m%d%H%M%S"
#: Timestamps may be off this much either way, in seconds (protocol, section 1).
FRESH_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one supplier of this family signs and encodes."""

    tail: str = "&key="
    charset: str = "UTF-8"
    upper: bool = False

    def text(self, fields: Mapping[str, str], secret: str) -> str:
        """What is hashed: fields by name, without ``sign`` and without empty values."""
        kept = sorted((name, value) for name, value in fields.items() if value and name != "sign")
        if self.tail == "none":
            return "".join(f"{name}{value}" for name, value in kept) + secret
        return "&".join(f"{name}={value}" for name, value in kept) + self.tail + secret

    def sign(self, fields: Mapping[str, str], secret: str) -> str:
        """The signature in hex. Raises UnicodeEncodeError for what the charset does not have."""
        made = md5_hex(self.text(fields, secret).encode(self.charset))
        return made.upper() if self.upper else made

    def is_genuine(self, fields: Mapping[str, str], sign: str, secret: str) -> bool:
        """Whether ``sign`` belongs to these fields; letters in either case."""
        try:
            made = self.sign(fields, secret)
        except UnicodeEncodeError:
            return False
        return same(made.lower().encode(), sign.lower().encode())

    def pack(self, data: Mapping[str, object]) -> str:
        """JSON in the charset, in base64. Raises UnicodeEncodeError."""
        text = json.dumps(dict(data), ensure_ascii=False, separators=(",", ":"))
        return base64.b64encode(text.encode(self.charset)).decode("ascii")

    def unpack(self, packed: str) -> Any:
        """The reverse; raises ValueError for what is no base64, not the charset, or no JSON."""
        text = base64.b64decode(packed, validate=True).decode(self.charset)
        return json.loads(text, parse_constant=_refuse_constant)


def stamp(now: datetime) -> str:
    """``20260101080000``, Shanghai's time."""
    return now.astimezone(SHANGHAI).strftime(TIME)


def is_fresh(text: str, *, now: datetime) -> bool:
    """Whether a stamp is within ``FRESH_SECONDS`` of ``now``, either way."""
    if not re.fullmatch(r"[0-9]{14}", text):
        return False
    try:
        at = datetime.strptime(text, TIME).replace(tzinfo=SHANGHAI)
    except ValueError:
        return False
    return abs((now - at).total_seconds()) <= FRESH_SECONDS


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
