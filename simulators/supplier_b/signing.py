"""Dialect B's signature. Pure functions; golden vectors in docs/protocols."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

TAILS = ("&key=", "&", "none")
CHARSETS = ("utf-8", "gbk")
CODECS = ("json", "xml")
ACKS = ("success", "ok")


@dataclass(frozen=True)
class Recipe:
    """What suppliers of this family do differently."""

    tail: str = "&key="
    charset: str = "utf-8"
    upper: bool = False
    codec: str = "json"
    ack: str = "success"

    def changed(self, **values: Any) -> "Recipe":
        """Raises ValueError for a value which is none."""
        made = replace(self, **values)
        known = (
            made.tail in TAILS,
            made.charset in CHARSETS,
            made.codec in CODECS,
            made.ack in ACKS,
        )
        if not all(known):
            raise ValueError(f"no such recipe: {values}")
        return made

    def text(self, fields: Mapping[str, str], secret: str) -> str:
        """What is hashed: names in order, empty values and `sign` left out."""
        kept = sorted((name, value) for name, value in fields.items() if value and name != "sign")
        if self.tail == "none":
            return "".join(name + value for name, value in kept) + secret
        return "&".join(f"{name}={value}" for name, value in kept) + self.tail + secret

    def sign(self, fields: Mapping[str, str], secret: str) -> str:
        raw = self.text(fields, secret).encode(self.charset)
        made = hashlib.md5(raw, usedforsecurity=False).hexdigest()
        return made.upper() if self.upper else made

    def pack(self, data: object) -> str:
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        return base64.b64encode(text.encode(self.charset)).decode()

    def unpack(self, text: str) -> Any:
        """Raises ValueError."""
        return json.loads(base64.b64decode(text, validate=True).decode(self.charset))


def same(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode("utf-8"), right.encode("utf-8"))
