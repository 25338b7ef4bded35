"""Give a till a key to the API, and end it. The secret is shown once, when it is made."""

import ipaddress
import secrets
from dataclasses import dataclass, field
from datetime import datetime

from core import audit
from core.crypto import seal, unseal
from core.tx import step
from fulfillment.models import Store, TillKey

SECRET_BYTES = 32
MOST_ADDRESSES = 16


class BadAddress(ValueError):
    """A line is neither an address nor a network."""


@dataclass(frozen=True, slots=True)
class MadeTill:
    """A new key: its id, and the secret that is told this once."""

    key: str
    secret: str = field(repr=False)


def till_context(public_id: str) -> str:
    """What a till's sealed secret is bound to."""
    return f"fulfillment_tillkey:secret:{public_id}"


@step()
def make_till(*, store: str, name: str, addresses: str, by: str, now: datetime) -> MadeTill:
    """Make a key for a till of a store (public id); `addresses` holds one per line, or nothing.

    A second key beside the first is how a secret is changed without a pause. Raises BadAddress,
    Store.DoesNotExist.
    """
    row = TillKey(
        store=Store.objects.get(public_id=store),
        name=name,
        addresses="\n".join(read_addresses(addresses)),
        created_at=now,
        created_by=by[:48],
    )
    # In hex: a secret that begins with a dash is an option to every command line it is pasted into.
    secret = secrets.token_hex(SECRET_BYTES)
    row.secret = seal(secret, context=till_context(row.public_id))
    row.save(force_insert=True)
    after = {"store": store, "name": name, "addresses": row.addresses}
    audit.record(tag="tills:made", by=by, subject=row.public_id, now=now, after=after)
    return MadeTill(row.public_id, secret)


@step()
def end_till(*, key: str, by: str, now: datetime) -> bool:
    """End a key at once, for good; False when it was ended before."""
    rows = TillKey.objects.filter(public_id=key, is_active=True)
    if not rows.update(is_active=False, ended_at=now):
        return False
    audit.record(tag="tills:ended", by=by, subject=key, now=now)
    return True


def read_addresses(text: str) -> list[str]:
    """Addresses and networks, one per line, in one spelling. Raises BadAddress."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > MOST_ADDRESSES:
        raise BadAddress(str(MOST_ADDRESSES))
    try:
        return [str(ipaddress.ip_network(line, strict=False)) for line in lines]
    except ValueError as error:
        raise BadAddress(text[:80]) from error


def open_secret(public_id: str, sealed: bytes | memoryview) -> bytes:
    """The key of a till's signatures, opened. Raises CannotUnseal."""
    return unseal(sealed, context=till_context(public_id)).reveal().encode()
