"""What every dialect does around its own words: let a request go, and say what it may prove."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from core import http
from core.crypto import sha256_hex
from fulfillment.suppliers.base import Answer, Callback, Connection, Strength, Verdict

#: A supplier may ask us to slow down, not to stop for a day.
RETRY_AFTER_SECONDS = 600
#: A callback never carries goods; more than this is not one.
CALLBACK_BYTES = 64 * 1024

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Heard(Generic[R]):
    """One call's outcome. ``reply`` is what a dialect verified and read; None while it did not.

    ``doubt`` says why nothing in it is believed; ``sent`` is false only when no byte left.
    """

    status: int = 0
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    doubt: str = ""
    sent: bool = True
    reply: R | None = None

    @property
    def retry_after_seconds(self) -> int:
        """How long the supplier asks us to wait, at most ten minutes; 0 when it does not."""
        wait = {name.lower(): text for name, text in self.headers.items()}.get("retry-after", "")
        return min(int(wait), RETRY_AFTER_SECONDS) if wait.isascii() and wait.isdigit() else 0

    def stamp(self, answer: Answer) -> Answer:
        """The answer with what belongs to the call and not to its meaning."""
        return replace(
            answer,
            digest=sha256_hex(self.body) if self.body else "",
            status=self.status,
            retry_after_seconds=self.retry_after_seconds,
        )

    def unproved(self, *, asking: bool = False) -> Answer:
        """The answer when nothing may be believed.

        A purchase that never left is NOT_SENT; a question that never left (``asking``) says
        nothing about the purchase.
        """
        not_sent = not self.sent and not asking
        return self.stamp(
            Answer(Verdict.NOT_SENT if not_sent else Verdict.UNKNOWN, problem=self.doubt)
        )


def reach(
    connection: Connection,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    content: bytes | None,
    max_bytes: int = http.MAX_BYTES,
) -> Heard[R]:
    """One call through ``core.http``; never raises for what the line does."""
    try:
        reply = http.call(
            method, url, name=f"supplier:{connection.code}", headers=headers, content=content,
            max_bytes=max_bytes,
        )  # fmt: skip
    except http.NotSent:
        return Heard(doubt="not_sent", sent=False)
    except http.Unclear as error:
        return Heard(doubt=f"unclear: {error}"[:60])
    return Heard(reply.status, reply.body, reply.headers)


def refused_callback(number: str, why: str, *, body: bytes, mark: str = "") -> Callback:
    """An inbound message that is not believed.

    It has a key space of its own: a forged copy must not use up the number of the true message.
    """
    digest = sha256_hex(body)
    key = sha256_hex(f"{mark}|{digest}".encode())
    answer = Answer(Verdict.UNKNOWN, problem=why, digest=digest)
    return Callback(number, answer, Strength.NONE, f"refused:{key[:40]}")
