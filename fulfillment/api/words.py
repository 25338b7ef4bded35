"""What the till API takes and gives: bodies as they stand in its description."""

from datetime import datetime
from typing import Literal

from ninja import Field, Schema

LONGEST_CODE = 100
MOST_USES = 1_000
MOST_MINOR = 100_000_000
NONCE = r"^[A-Za-z0-9_-]{8,64}$"


class Strict(Schema):
    """Bodies say what they mean: an unknown field is a mistake, not a wish that goes unheard."""

    model_config = {"extra": "forbid"}


class PeekIn(Strict):
    code: str = Field(min_length=1, max_length=LONGEST_CODE, description="As scanned or typed.")


class RedeemIn(Strict):
    code: str = Field(min_length=1, max_length=LONGEST_CODE, description="As scanned or typed.")
    nonce: str = Field(
        pattern=NONCE,
        description="New for each scan, the same when a scan is sent again: it is then used once"
        " and answered alike.",
    )
    uses: int = Field(1, ge=1, le=MOST_USES, strict=True, description="Of a times-card.")
    amount_minor: int | None = Field(
        None,
        ge=1,
        le=MOST_MINOR,
        strict=True,
        description="Of a voucher used by amount, in minor units (fen).",
    )


class UndoIn(Strict):
    redemption: str = Field(pattern=r"^rdm_[0-9A-Z]{16}$")
    nonce: str = Field(pattern=NONCE)
    reason: str = Field("", max_length=200)


class PeekOut(Schema):
    title: str
    title_en: str
    masked: str
    uses_left: int | None
    uses_total: int | None
    amount_left_minor: int | None
    amount_total_minor: int | None
    currency: str
    valid_until: datetime | None


class RedeemedOut(Schema):
    redemption: str
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


class HappenedOut(Schema):
    redemption: str
    kind: Literal["use", "undo"]
    undo_of: str | None
    title: str
    title_en: str
    masked: str
    uses: int
    amount_minor: int
    share_minor: int
    currency: str
    actor: str
    at: datetime


class HistoryOut(Schema):
    store: str
    items: list[HappenedOut]
    next: str | None = Field(description="Give it as `before` for what happened earlier.")


class Sentence(Schema):
    en: str
    zh: str


class RefusedOut(Schema):
    """Nothing was used. `reason` is for the till, `sentence` for the clerk to read aloud."""

    error: Literal["refused"]
    reason: str
    sentence: Sentence


class NotAdmittedOut(Schema):
    """`unauthorized`, `clock` (then `now` is ours), `replayed` or `address`."""

    error: str
    now: int | None = None
