"""Whose signed request this is: the till behind it, or a refusal that tells a stranger nothing.

The signature is HMAC-SHA256 with the key's secret over six lines joined by a line feed: method, path,
canonical query, SHA-256 of the body in hex, timestamp, nonce, after the line with the key's id
(reliability.md 4.10). A request is good for a minute to either side and once: nonces are kept in
PostgreSQL, so that no cache can forget one.
"""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import quote

from core.crypto import CannotUnseal, hmac_sha256, same, sha256_hex
from core.hot import hot_cursor
from core.tx import refuse_in_transaction
from fulfillment.models import TillNonce
from fulfillment.queries.clerks import KnownTill, find_till
from fulfillment.redemption import ClerkView
from fulfillment.services.redeeming.make_till import open_secret

WINDOW_SECONDS = 60
# Longer than any request can be good, to either side of a skewed clock.
KEEP = timedelta(minutes=10)
NONCE = re.compile(r"[A-Za-z0-9_-]{16,64}")
STAMP = re.compile(r"[0-9]{10}")
# For keys that do not exist, so that the answer takes as long.
NO_SECRET = b"no such key"


class TillRefused(Exception):
    """Not admitted. `reason`: unauthorized, clock, replayed, address."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Signed:
    """A request as it came in; everything that its signature covers, and where it came from."""

    key: str
    timestamp: str
    nonce: str
    signature: str = field(repr=False)
    method: str
    path: str
    query: Sequence[tuple[str, str]]
    body: bytes = field(repr=False)
    ip: str


def signed_text(request: Signed) -> bytes:
    """The lines that are signed. Query names and values are percent-encoded and sorted."""
    pairs = sorted((quote(name, safe="-_.~"), quote(v, safe="-_.~")) for name, v in request.query)
    lines = (
        request.key,
        request.method,
        request.path,
        "&".join(f"{name}={value}" for name, value in pairs),
        sha256_hex(request.body),
        request.timestamp,
        request.nonce,
    )
    return "\n".join(lines).encode()


def admit_till(*, request: Signed, now: datetime) -> ClerkView:
    """The till that sent a request. Raises TillRefused.

    Only who has the secret learns more than `unauthorized`, and only then is the nonce kept.
    """
    till = find_till(request.key)
    expected = hmac_sha256(_secret(till), signed_text(request)).hex()
    if not same(expected, request.signature) or till is None:
        raise TillRefused("unauthorized")
    if not (NONCE.fullmatch(request.nonce) and STAMP.fullmatch(request.timestamp)):
        raise TillRefused("unauthorized")
    if abs(int(request.timestamp) - now.timestamp()) > WINDOW_SECONDS:
        raise TillRefused("clock")
    if not _is_allowed(till.addresses, request.ip):
        raise TillRefused("address")
    if not _keep_nonce(till.pk, request.nonce, now):
        raise TillRefused("replayed")
    return till.view


def _secret(till: KnownTill | None) -> bytes:
    try:
        return open_secret(till.view.actor, till.secret) if till is not None else NO_SECRET
    except CannotUnseal:
        return NO_SECRET


def _is_allowed(addresses: str, ip: str) -> bool:
    networks = addresses.split()
    if not networks:
        return True
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return False
    return any(address in ipaddress.ip_network(network) for network in networks)


# The commit need not wait for the disk: what a crash in this moment takes is a minute's guard
# against replays, and what is done by replaying is guarded again by the nonce of the scan.
KEEP_NONCE = """
with quick as materialized (select set_config('synchronous_commit', 'off', true) as said)
insert into fulfillment_tillnonce (till_id, nonce, at)
select %(till)s::bigint, %(nonce)s::text, %(now)s::timestamptz from quick
on conflict do nothing
"""


def _keep_nonce(till: int, nonce: str, now: datetime) -> bool:
    """One statement, a transaction of its own: the request may go on only once it is kept."""
    refuse_in_transaction("admitting a till")
    with hot_cursor() as cursor:
        cursor.execute(KEEP_NONCE, {"till": till, "nonce": nonce, "now": now})
        return bool(cursor.rowcount == 1)


def forget_nonces(*, now: datetime, limit: int = 5000) -> int:
    """Drop nonces of requests that are too old to be accepted again. Returns how many."""
    old = TillNonce.objects.filter(at__lt=now - KEEP).order_by("at").values("pk")[:limit]
    return TillNonce.objects.filter(pk__in=list(old.values_list("pk", flat=True))).delete()[0]
