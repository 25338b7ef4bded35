"""A scan was refused: it is written down, and codes that we do not know are counted (R9, R-LIM)."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core import audit, limits
from core.crypto import blind_index
from core.tx import part, step
from fulfillment.models import Code, RefusedScan
from fulfillment.queries.leaks import LEAKED
from fulfillment.queries.scanning import (
    WINDOW_SECONDS,
    WRONG_AT_STORE,
    WRONG_BY_ACTOR,
    WRONG_FROM_ADDRESS,
    Scan,
)
from fulfillment.redemption import ClerkView, RedeemRefused, Refusal
from fulfillment.states import CodeState
from risk.services.assess import assess

# Who is refused for these is told so again and again: nothing new to write down.
_SILENT = frozenset({Refusal.LIMITED, Refusal.CLERK_OFF, Refusal.STORE_OFF})
LONGEST = 200


def limit_keys(clerk: ClerkView, ip: str) -> dict[str, int]:
    """The counters of wrong codes that stand for a scan, with their most in an hour."""
    return {
        f"redeem:{clerk.actor}": WRONG_BY_ACTOR,
        f"redeem:{clerk.store}": WRONG_AT_STORE,
        f"redeem:ip:{blind_index('ip', ip).hex()[:32]}": WRONG_FROM_ADDRESS,
    }


@dataclass(slots=True)
class Met:
    """What a scan has met so far."""

    scan: Scan | None = None


@contextmanager
def noting_refusal(*, text: str, clerk: ClerkView, ip: str, now: datetime) -> Iterator[Met]:
    """Around a scan of `text`: what is refused within is written down and goes on upward."""
    met = Met()
    try:
        yield met
    except RedeemRefused as refused:
        voucher = met.scan.voucher if met.scan else None
        _refuse(refused.reason, text, voucher, clerk, ip, now)
        raise


@step()
def _refuse(
    reason: Refusal, text: str, voucher: UUID | None, clerk: ClerkView, ip: str, now: datetime
) -> None:
    """An unknown code counts against clerk, store and address.

    A text that is a code of the vault which nobody has bought yet is a leak: it is audited, and
    the answer to the clerk tells nothing of it.
    """
    if reason in _SILENT:
        return
    RefusedScan.objects.create(
        actor=clerk.actor, store_id=clerk.store_pk, voucher_id=voucher, reason=reason, at=now
    )
    if reason == Refusal.UNKNOWN_CODE:
        for key, most in limit_keys(clerk, ip).items():
            limits.hit(key, limit=most, seconds=WINDOW_SECONDS, now=now)
        facts = {"ip": ip, "user": clerk.user or clerk.actor, "target": clerk.store, "units": 1}
        assess(point="redeem", subject=clerk.actor, facts=facts, now=now)
    if reason in (Refusal.UNKNOWN_CODE, Refusal.MALFORMED):
        _tell_leak(text.strip()[:LONGEST], clerk, now)


@part
def _tell_leak(text: str, clerk: ClerkView, now: datetime) -> None:
    """The text may be a card's secret, or its number and secret with a blank between them."""
    number, _blank, secret = text.rpartition(" ")
    wanted = {blind_index("code", f"\x1f{text}"), blind_index("code", f"{number}\x1f{secret}")}
    unsold = [CodeState.AVAILABLE, CodeState.HELD, CodeState.QUARANTINED]
    for code in Code.objects.filter(index__in=wanted, state__in=unsold).only("id", "state"):
        audit.record(
            tag=LEAKED, by=clerk.actor, subject=str(code.pk), now=now,
            after={"store": clerk.store, "state": code.state},
        )  # fmt: skip
