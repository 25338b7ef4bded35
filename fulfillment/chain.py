"""The form of a certificate's links, as strangers check it (docs/clients/verify_edition.py). Pure."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

FORMAT = "quanyi-edition-1"


def canonical(record: dict[str, Any]) -> str:
    """The one text of a record: keys in order, no spaces, ASCII. It is what is hashed and signed."""
    return json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def hash_of(record: str) -> str:
    """SHA-256 of a canonical record, in hex: the next link's `previous`."""
    return hashlib.sha256(record.encode()).hexdigest()


def commitment(salt: bytes, owner: str) -> str:
    """What stands for a holder in public. `owner` is a user's public id, "" for a guest."""
    return hashlib.sha256(salt + owner.encode()).hexdigest()


def moment(at: datetime) -> str:
    """A time in a record: UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
