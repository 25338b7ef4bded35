"""One line of a till becomes the next stage: look, use, or give back. The same for phone and PC.

A scan that comes while a voucher lies on the stage confirms it when it is the same voucher, and
looks at the other one when it is not. Scanners send a line end twice and read twice; what comes at
once after the look therefore confirms nothing.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from fulfillment.redeeming import stage
from fulfillment.redeeming.entry import read_amount, read_entry
from fulfillment.redeeming.stage import Stage
from fulfillment.redemption import ClerkView, Redeemed, RedeemRefused, Refusal
from fulfillment.services.redeeming.peek import peek
from fulfillment.services.redeeming.redeem import redeem
from fulfillment.services.redeeming.undo_redemption import undo_redemption
from fulfillment.vouchers.codes import read_code

# A clerk needs longer than this to read what was found; a scanner's second line does not.
TOO_SOON_MS = 700
# A moment in milliseconds has 13 digits.
MOST_DIGITS = 14
MOST_USES = 1_000_000
_NONCE = re.compile(r"[A-Za-z0-9_-]{16,64}")
# What a clerk mends on the spot, with the voucher still on the stage.
_MENDED = frozenset({Refusal.TOO_MUCH, Refusal.WRONG_MEASURE})
#: Why a use is undone: what a page offers, and what is written down.
WHY = {
    "mistake": "scanned by mistake",
    "twice": "scanned twice",
    "changed": "the customer changed their mind",
    "wrong": "wrong number or amount",
}


@dataclass(frozen=True, slots=True)
class Line:
    """What one press of Enter or of a button brought, cleaned."""

    act: str
    entry: str
    pending: str
    nonce: str
    seen: int
    uses: str
    amount: str
    everything: str
    currency: str
    redemption: str

    @classmethod
    def of(cls, sent: Mapping[str, str]) -> "Line":
        """From a form. A scan that fell into the field for amounts is an entry."""
        entry, amount = read_entry(sent.get("entry", "")), sent.get("amount", "").strip()
        if not entry and read_code(amount):
            entry, amount = read_entry(amount), ""
        nonce = sent.get("nonce", "")
        return cls(
            act=sent.get("act", ""),
            entry=entry,
            pending=read_entry(sent.get("pending", "")),
            nonce=nonce if _NONCE.fullmatch(nonce) else "",
            seen=_number(sent.get("seen", "")),
            uses=sent.get("uses", ""),
            amount=amount,
            everything=sent.get("all", ""),
            currency=sent.get("currency", "CNY"),
            redemption=sent.get("redemption", ""),
        )

    def confirms(self, now: datetime) -> bool:
        """Whether this line means: use what lies on the stage."""
        if not self.pending or not self.nonce:
            return False
        if self.act == "use" or self.everything:
            return True
        if int(now.timestamp() * 1000) - self.seen < TOO_SOON_MS:
            return False
        return not self.entry or _same(self.entry, self.pending)


def _same(one: str, other: str) -> bool:
    return one == other or (read_code(one) or one) == (read_code(other) or other)


def play(sent: Mapping[str, str], *, clerk: ClerkView, ip: str, now: datetime) -> Stage:
    """The next stage for what a clerk sent. Never raises for what a person can type."""
    line = Line.of(sent)
    if line.act == "undo" and line.redemption and line.nonce:
        return _undo(line, clerk, now)
    if line.confirms(now):
        return _use(line, clerk, ip, now)
    code = line.entry or line.pending
    if not code:
        return stage.IDLE.saying(_("Scan or type a code first."))
    return _look(code, clerk, ip, now)


def _look(code: str, clerk: ClerkView, ip: str, now: datetime) -> Stage:
    try:
        return stage.found(peek(code=code, clerk=clerk, ip=ip, now=now), code, now=now)
    except RedeemRefused as error:
        return stage.refused(str(error), code, clerk, now=now)


def _use(line: Line, clerk: ClerkView, ip: str, now: datetime) -> Stage:
    uses, amount, trouble = _measure(line)
    if trouble:
        return _mend(line, trouble, clerk, ip, now)
    try:
        made = redeem(
            code=line.pending, clerk=clerk, uses=uses, amount_minor=amount, nonce=line.nonce,
            ip=ip, now=now,
        )  # fmt: skip
    except RedeemRefused as error:
        if error.reason in _MENDED:
            return _mend(line, str(error), clerk, ip, now)
        return stage.refused(str(error), line.pending, clerk, now=now)
    return stage.done(made, line.pending, sentence=_again(made), now=now)


def _mend(line: Line, trouble: str, clerk: ClerkView, ip: str, now: datetime) -> Stage:
    """The voucher again, with what has to be mended; or why it cannot be used any more."""
    again = _look(line.pending, clerk, ip, now)
    return again.saying(trouble) if again.kind == "found" else again


def _measure(line: Line) -> tuple[int, int | None, str]:
    """Uses, amount in minor units or None, and what is wrong with them."""
    if line.everything:
        minor = _number(line.everything)
    elif line.uses:
        uses = _number(line.uses)
        return uses, None, "" if 0 < uses <= MOST_USES else _("Type a number of uses.")
    else:
        minor = read_amount(line.amount, line.currency) or 0
    return 1, minor, "" if minor else _("Type the amount to use.")


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else 0


def _again(made: Redeemed) -> str:
    if not made.replayed:
        return ""
    moment = timezone.localtime(made.at).strftime("%H:%M:%S")
    return _("This was already recorded at %(moment)s. Nothing was used a second time.") % {
        "moment": moment
    }


def _undo(line: Line, clerk: ClerkView, now: datetime) -> Stage:
    try:
        back = undo_redemption(
            redemption=line.redemption,
            clerk=clerk,
            nonce=line.nonce,
            reason=WHY["mistake"],
            now=now,
        )
    except RedeemRefused as error:
        return stage.refused(str(error), "", clerk, now=now)
    return stage.undone(back)
