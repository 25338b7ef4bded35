"""Dialect B as a marketplace speaks it. Pure functions; the same golden vectors as the suppliers'."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TAILS = ("&key=", "&", "none")


@dataclass(frozen=True)
class Recipe:
    """What channels of this family do differently."""

    tail: str = "&key="
    charset: str = "utf-8"
    upper: bool = False

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

    def is_genuine(self, fields: Mapping[str, str], secret: str) -> bool:
        made = self.sign(fields, secret).lower()
        return hmac.compare_digest(made.encode(), fields.get("sign", "").lower().encode())

    def pack(self, data: object) -> str:
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        return base64.b64encode(text.encode(self.charset)).decode()

    def unpack(self, text: str) -> Any:
        """Raises ValueError."""
        return json.loads(base64.b64decode(text, validate=True).decode(self.charset))
