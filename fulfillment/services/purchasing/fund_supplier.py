"""Money paid to a supplier in advance enters the books, and units that waited for it go on."""

from datetime import datetime

from core import audit
from core.tx import step
from fulfillment import postings
from fulfillment.models import Delivery, Supplier
from fulfillment.states import DeliveryState

#: Ten million yuan in one transfer is a slip of the finger.
LARGEST_MINOR = 10**9


class AlreadyFunded(ValueError):
    """This payment number was booked before."""


@step()
def fund_supplier(
    *, supplier_code: str, amount_minor: int, payment_no: str, by: str, now: datetime
) -> None:
    """Book ``amount_minor`` (minor units, supplier's currency) paid under the bank's number.

    Raises ValueError for an amount that is not above zero or absurd, AlreadyFunded.
    """
    if not 0 < amount_minor <= LARGEST_MINOR or not payment_no.strip():
        raise ValueError("amount or payment number")
    supplier = Supplier.objects.get(code=supplier_code)
    booked = postings.supplier_funded(
        supplier=supplier.code,
        payment_no=payment_no.strip()[:40],
        amount_minor=amount_minor,
        currency=supplier.currency,
        now=now,
    )
    if not booked:
        raise AlreadyFunded(payment_no)
    audit.record(
        tag="supplier:funded",
        by=by,
        subject=f"supplier:{supplier.code}",
        now=now,
        after={
            "amount_minor": amount_minor,
            "currency": supplier.currency,
            "payment_no": payment_no,
        },
    )
    Delivery.objects.filter(state=DeliveryState.PENDING, reason="no_funds").update(not_before=now)
