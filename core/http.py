"""Outside calls: timeouts always, no retry, no redirect, a size cap, and never in a transaction.

Two things can go wrong and they are not alike: `NotSent` proves that no byte of the request left,
so the caller may try elsewhere; `Unclear` is everything after, and means that the other side may
have acted (R-SUP).
"""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx2
import structlog

from core.tx import refuse_in_transaction
from core.wire import TimedBackend, deadline

log = structlog.get_logger(__name__)

CONNECT_SECONDS = 3.0
READ_SECONDS = 20.0
TOTAL_SECONDS = 25.0
MAX_BYTES = 1 << 20

# Raised before the first byte of a request is written.
BEFORE_SENDING = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.UnsupportedProtocol,
    httpx2.InvalidURL,
)


class NotSent(Exception):
    """No byte of the request left this machine."""


class Unclear(Exception):
    """The request may have arrived; what became of it must be asked, not assumed."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer with its raw body; nothing in it is believed yet."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


_client: httpx2.Client | None = None
_lock = threading.Lock()


def _shared_client() -> httpx2.Client:
    global _client  # noqa: PLW0603  one pool per process
    with _lock:
        if _client is None:
            limits = httpx2.Limits(max_connections=100, keepalive_expiry=4.0)
            transport = httpx2.HTTPTransport(trust_env=False, limits=limits)
            # No public option yet; tests/core/test_http.py fails when the attribute goes.
            transport._pool._network_backend = TimedBackend()
            _client = httpx2.Client(follow_redirects=False, trust_env=False, transport=transport)
        return _client


def call(  # noqa: PLR0913
    method: str,
    url: str,
    *,
    name: str,
    connect: float = CONNECT_SECONDS,
    read: float = READ_SECONDS,
    total: float = TOTAL_SECONDS,
    max_bytes: int = MAX_BYTES,
    headers: Mapping[str, str] | None = None,
    content: bytes | None = None,
) -> Reply:
    """Send one request; `name` is what logs say instead of the URL. Times in seconds.

    Raises NotSent or Unclear; InTransaction inside a transaction.
    """
    refuse_in_transaction(f"call to {name}")
    started = time.monotonic()
    timeout = httpx2.Timeout(read, connect=connect, pool=connect)
    # A packed answer could unpack to anything; what is signed is what was sent.
    asked = {"Accept-Encoding": "identity", **(headers or {})}
    try:
        with (
            deadline(total),
            _shared_client().stream(
                method, url, headers=asked, content=content, timeout=timeout
            ) as response,
        ):
            body = _read_capped(response, max_bytes)
            reply = Reply(response.status_code, body, dict(response.headers))
    except BEFORE_SENDING as error:
        log.warning("call_not_sent", name=name, error=type(error).__name__)
        raise NotSent(f"{name}: {type(error).__name__}") from error
    except (httpx2.HTTPError, httpx2.StreamError) as error:
        log.warning("call_unclear", name=name, error=type(error).__name__)
        raise Unclear(f"{name}: {type(error).__name__}") from error
    log.info("call", name=name, status=reply.status, ms=round((time.monotonic() - started) * 1000))
    return reply


def _read_capped(response: httpx2.Response, max_bytes: int) -> bytes:
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise Unclear("a packed answer")
    chunks, size = [], 0
    for chunk in response.iter_raw():
        size += len(chunk)
        if size > max_bytes:
            raise Unclear(f"answer of more than {max_bytes} bytes")
        chunks.append(chunk)
    return b"".join(chunks)
