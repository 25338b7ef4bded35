"""Money that an outside channel paid on its bill enters the books."""

from datetime import datetime

from core import audit
from core.tx import step
from distribution import postings
from distribution.models import MarketPayment, Marketplace

LARGEST_MINOR = 10**9


class AlreadyBooked(ValueError):
    """This payment number was booked before."""


@step()
def book_payment(*, code: str, amount_minor: int, number: str, by: str, now: datetime) -> None:
    """Book what came to the bank (minor units of the channel's currency) under the bank's number.

    Raises ValueError for an amount that is not above zero or absurd, AlreadyBooked.
    """
    number = number.strip()[:40]
    if not 0 < amount_minor <= LARGEST_MINOR or not number:
        raise ValueError("amount or payment number")
    row = Marketplace.objects.get(code=code)
    booked = postings.channel_paid(
        code=code, number=number, amount_minor=amount_minor, currency=row.currency, now=now
    )
    if not booked:
        raise AlreadyBooked(number)
    MarketPayment.objects.create(
        marketplace=row, number=number, amount_minor=amount_minor, currency=row.currency,
        by=by[:48], at=now,
    )  # fmt: skip
    after = {"amount_minor": amount_minor, "currency": row.currency, "number": number}
    audit.record(tag="market:paid", by=by, subject=f"market:{code}", now=now, after=after)
