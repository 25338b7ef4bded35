"""Give an outside channel a key, and end it. The secret is shown once, when it is made."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime

from core import audit
from core.crypto import seal, unseal
from core.tx import step
from distribution.models import MarketKey, Marketplace

SECRET_BYTES = 24
#: Two are good at once while they are changed.
MOST_KEYS = 2


class TooManyKeys(Exception):
    """Two keys are good already; one of them is ended first."""


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A new key: its id, which is the channel's `customerId`, and the secret, told this once."""

    key: str
    secret: str = field(repr=False)


def key_context(public_id: str) -> str:
    """What a key's sealed secret is bound to."""
    return f"distribution_marketkey:secret:{public_id}"


@step()
def make_key(*, market: str, by: str, now: datetime) -> MadeKey:
    """Make a key for an outside channel (its code). Raises TooManyKeys, Marketplace.DoesNotExist."""
    row = Marketplace.objects.select_for_update(of=("self",)).get(code=market)
    if row.keys.filter(is_active=True).count() >= MOST_KEYS:
        raise TooManyKeys(market)
    secret = secrets.token_urlsafe(SECRET_BYTES)
    key = MarketKey(marketplace=row, created_at=now, created_by=by[:48])
    key.secret = seal(secret, context=key_context(key.public_id))
    key.save(force_insert=True)
    audit.record(
        tag="market:key_made", by=by, subject=key.public_id, now=now, after={"market": market}
    )
    return MadeKey(key.public_id, secret)


@step()
def end_key(*, key: str, by: str, now: datetime) -> bool:
    """End a key at once, for good; False when it was ended before."""
    rows = MarketKey.objects.filter(public_id=key, is_active=True)
    if not rows.update(is_active=False, ended_at=now):
        return False
    audit.record(tag="market:key_ended", by=by, subject=key, now=now)
    return True


def open_secret(public_id: str, sealed: bytes | memoryview) -> str:
    """The secret of a key, opened. Raises CannotUnseal."""
    return unseal(sealed, context=key_context(public_id)).reveal()
