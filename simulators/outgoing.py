"""Messages from a simulator to the shop: posted once, no redirects, the answer is read a little."""

import http.client
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Message:
    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """`status` 0 means that there was no answer."""

    status: int
    body: bytes


def post(message: Message, *, timeout: float = 5.0, most: int = 256) -> Reply:
    """`most` bytes of the answer are read."""
    parts = urlsplit(message.url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = None
    try:
        connection = kind(parts.hostname or "", parts.port, timeout=timeout)
        connection.request("POST", target, body=message.body, headers=dict(message.headers))
        answer = connection.getresponse()
        return Reply(answer.status, answer.read(most))
    except (OSError, ValueError, http.client.HTTPException):
        return Reply(0, b"")
    finally:
        if connection is not None:
            connection.close()


def post_copies(message: Message, *, copies: int, concurrency: int) -> list[Reply]:
    """The same bytes several times, so many at once."""
    if copies <= 1:
        return [post(message)]
    with ThreadPoolExecutor(max_workers=max(1, min(concurrency, 64))) as pool:
        return list(pool.map(lambda _: post(message), range(copies)))
