"""Try a supplier's connection with a question that buys nothing."""

from datetime import datetime

from core import audit
from core.tx import step
from fulfillment.models import Supplier
from fulfillment.services.suppliers.connect_supplier import NotReady, connect_supplier
from fulfillment.suppliers.base import Balance


def probe_supplier(*, supplier_code: str, by: str, now: datetime) -> Balance:
    """Ask for our balance there; ``problem`` says what is wrong. Outside any transaction."""
    supplier = Supplier.objects.get(code=supplier_code)
    try:
        link = connect_supplier(supplier)
        found = link.adapter.balance(link.connection, now=now)
    except NotReady as error:
        found = Balance(problem=error.reason)
    with step():
        audit.record(
            tag="supplier:tested",
            by=by,
            subject=f"supplier:{supplier.code}",
            now=now,
            after={"problem": found.problem, "balance_minor": found.minor},
        )
    return found
