"""What a buyer asks for, after a dialect has read it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Wish:
    external_id: str
    product: str
    quantity: int
    target: dict[str, str] | None
    max_cost_minor: int | None
    callback_url: str
    #: A fingerprint of what is bought, to tell a repeat from another order of the same id.
    content: str

    @property
    def account(self) -> str:
        return (self.target or {}).get("account", "")


def fingerprint(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(dict(content), sort_keys=True).encode()).hexdigest()
