"""What lies on a clerk's stage: nothing yet, a voucher that was found, or the verdict on it."""

from dataclasses import dataclass, replace
from datetime import date, datetime

from django.utils.translation import get_language

from core.ids import new_token
from fulfillment.queries.deliveries import last_day
from fulfillment.redemption import ClerkView, Peeked, Redeemed

# More pips than this are a smear, not a count.
MOST_PIPS = 20


@dataclass(frozen=True, slots=True)
class Stage:
    """Ready for templates/fulfillment/redeem/_stage.html, which says what each field is."""

    kind: str
    sentence: str = ""
    code: str = ""
    nonce: str = ""
    seen: int = 0
    tail: str = ""
    title: str = ""
    uses: int = 1
    uses_left: int | None = None
    uses_total: int | None = None
    amount_minor: int = 0
    amount_left_minor: int | None = None
    amount_total_minor: int | None = None
    currency: str = ""
    good_until: date | None = None
    store: str = ""
    at: datetime | None = None
    redemption: str = ""
    undo_until: datetime | None = None

    @property
    def pips(self) -> list[bool]:
        """One for each use of a times-card, the ones that are left first."""
        total, left = self.uses_total or 0, self.uses_left or 0
        return [place < left for place in range(total)] if 1 < total <= MOST_PIPS else []

    @property
    def is_counted(self) -> bool:
        """Whether the figures of the day are others now."""
        return self.kind in {"done", "undone"}

    def saying(self, sentence: str) -> "Stage":
        """The same with a sentence beside it."""
        return replace(self, sentence=sentence)


IDLE = Stage("idle")


def in_english() -> bool:
    """Whether the reader's language is English."""
    return (get_language() or "").startswith("en")


def store_name(clerk: ClerkView) -> str:
    """The store as its clerk reads it."""
    return clerk.store_name_en if in_english() else clerk.store_name


def tail_of(code: str) -> str:
    """The last signs of an entry, by which two people can talk about it."""
    return code[-4:]


def found(peeked: Peeked, code: str, *, now: datetime) -> Stage:
    """A voucher that may be used, with a fresh number for that use."""
    return Stage(
        "found",
        code=code,
        nonce=new_token(),
        seen=int(now.timestamp() * 1000),
        tail=tail_of(code),
        title=peeked.title_en if in_english() else peeked.title,
        uses_left=peeked.uses_left,
        uses_total=peeked.uses_total,
        amount_left_minor=peeked.amount_left_minor,
        amount_total_minor=peeked.amount_total_minor,
        currency=peeked.currency,
        good_until=None if peeked.valid_until is None else last_day(peeked.valid_until),
    )


def done(made: Redeemed, code: str, *, sentence: str, now: datetime) -> Stage:
    """A use that counts. Undoing is offered while its window is open."""
    open_still = made.undo_until is not None and made.undo_until > now
    return replace(
        _counted("done", made),
        sentence=sentence,
        nonce=new_token(),
        tail=tail_of(code),
        redemption=made.redemption if open_still else "",
        undo_until=made.undo_until,
    )


def undone(back: Redeemed) -> Stage:
    """A use that was given back."""
    return _counted("undone", back)


def _counted(kind: str, made: Redeemed) -> Stage:
    english = in_english()
    return Stage(
        kind,
        title=made.title_en if english else made.title,
        uses=made.uses,
        uses_left=made.uses_left,
        uses_total=made.uses_total,
        amount_minor=made.amount_minor,
        amount_left_minor=made.amount_left_minor,
        amount_total_minor=made.amount_total_minor,
        currency=made.currency,
        store=made.store_en if english else made.store,
        at=made.at,
    )


def refused(sentence: str, code: str, clerk: ClerkView, *, now: datetime) -> Stage:
    """Nothing was used, and why."""
    return Stage("refused", sentence=sentence, tail=tail_of(code), store=store_name(clerk), at=now)
