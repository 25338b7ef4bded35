"""The words of redemption: who scans, what came of it, and why it was refused."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models
from django.utils import translation
from django.utils.translation import gettext_lazy as _


class Refusal(models.TextChoices):
    """Why a scan was refused: a closed list; each label is a sentence a clerk can read aloud."""

    MALFORMED = (
        "malformed",
        _("This is not a voucher of ours, or a character was misread. Please scan it again."),
    )
    UNKNOWN_CODE = "unknown_code", _("We do not know this voucher. Please check the code.")
    REPLACED = (
        "replaced",
        _("This code has been replaced. Please open the voucher again and show the new code."),
    )
    NOT_YET_VALID = "not_yet_valid", _("This voucher is good from %(day)s. It cannot be used yet.")
    EXPIRED = "expired", _("This voucher expired on %(day)s. It can no longer be used.")
    REVOKED = "revoked", _("This voucher was taken back, for example because it was refunded.")
    INACTIVE = (
        "inactive",
        _("This voucher is not activated yet. Please activate it in the wallet first."),
    )
    GIVEN = (
        "given",
        _("This voucher is on its way to a friend and cannot be used until it has arrived."),
    )
    WRONG_MERCHANT = "wrong_merchant", _("This voucher is for another merchant, not for us.")
    WRONG_STORE = "wrong_store", _("This voucher is not for this store, but for another of ours.")
    OUTSIDE_HOURS = (
        "outside_hours",
        _("This voucher cannot be used at this time. It counts %(hours)s."),
    )
    USED_UP = "used_up", _("This voucher is used up. The last time was %(moment)s.")
    TOO_MUCH = "too_much", _("Not enough is left on this voucher: %(left)s.")
    WRONG_MEASURE = (
        "wrong_measure",
        _("This voucher is used in another way: %(measure)s."),
    )
    NONCE_REUSED = (
        "nonce_reused",
        _("This scan was already used for another voucher. Please scan again."),
    )
    ALREADY_UNDONE = "already_undone", _("This use was undone before.")
    UNDO_TOO_LATE = (
        "undo_too_late",
        _("The time for undoing has passed. Please call the shop: two persons can still do it."),
    )
    NOT_YOURS = "not_yours", _("Only who scanned it, or the store lead, can undo this use.")
    NO_SUCH_USE = "no_such_use", _("There is no such use to undo.")
    CLERK_OFF = "clerk_off", _("This access is switched off. Please ask your merchant.")
    STORE_OFF = "store_off", _("Vouchers are not accepted at this store at the moment.")
    LIMITED = (
        "limited",
        _("Too many codes were wrong. Please wait %(minutes)s minutes, then scan again."),
    )


class RedeemRefused(Exception):
    """Nothing was used. `reason` is a Refusal; `str()` is its sentence in the active language.

    Details are already fit for reading; a value that differs by language is given as {"en", "zh"}.
    """

    def __init__(self, reason: Refusal, **details: Any) -> None:
        super().__init__(reason)
        self.reason = reason
        self.details = details

    def sentence(self, language: str | None = None) -> str:
        """The sentence in `language` (`en`, `zh-hans`), or in the active one."""
        with translation.override(language or translation.get_language()):
            english = (translation.get_language() or "").startswith("en")
            pick = "en" if english else "zh"
            said = {k: v[pick] if isinstance(v, dict) else v for k, v in self.details.items()}
            text = str(Refusal(self.reason).label)
            return text % said if said else text

    def __str__(self) -> str:
        return self.sentence()


class PartlyUsed(Exception):
    """A voucher that was used is not taken back for a refund: its uses have been had."""


@dataclass(frozen=True, slots=True)
class ClerkView:
    """Who scans, and where: a clerk at a store, or a till. Got from queries/clerks.py.

    `actor` is `clk_…` or `tky_…`; what the row says at the moment of use decides, not this copy.
    """

    actor: str
    user: str
    role: str
    name: str
    store_pk: int
    store: str
    store_name: str
    store_name_en: str
    merchant_pk: int
    merchant: str
    merchant_name: str
    merchant_name_en: str


@dataclass(frozen=True, slots=True)
class Peeked:
    """A voucher that could be used here and now. Amounts in minor units of `currency`."""

    entitlement: str
    title: str
    title_en: str
    masked: str
    uses_left: int | None
    uses_total: int | None
    amount_left_minor: int | None
    amount_total_minor: int | None
    currency: str
    valid_until: datetime | None


@dataclass(frozen=True, slots=True)
class Redeemed:
    """A use that counts. `replayed`: it was made by an earlier request with the same nonce.

    What is left is what was left right after this use. `undo_until` is when undoing ends.
    """

    redemption: str
    entitlement: str
    title: str
    title_en: str
    uses: int
    uses_left: int | None
    uses_total: int | None
    amount_minor: int
    amount_left_minor: int | None
    amount_total_minor: int | None
    currency: str
    store: str
    store_en: str
    at: datetime
    undo_until: datetime | None
    replayed: bool
