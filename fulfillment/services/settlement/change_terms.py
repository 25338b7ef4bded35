"""When a supplier is paid. What is under way keeps the terms it was bought under."""

from datetime import datetime

from core import audit
from core.tx import step
from fulfillment.models import Supplier, SupplierTerms

#: A hundred million yuan of credit is a slip of the finger.
LARGEST_LIMIT_MINOR = 10**10


@step()
def change_terms(
    *, supplier_code: str, terms: str, credit_limit_minor: int, by: str, now: datetime
) -> None:
    """Set the terms and, for credit, the most we may owe (minor units, supplier's currency).

    Raises ValueError for unknown terms or a limit that is negative or absurd.
    """
    if terms not in SupplierTerms.values or not 0 <= credit_limit_minor <= LARGEST_LIMIT_MINOR:
        raise ValueError("terms or limit")
    supplier = Supplier.objects.select_for_update().get(code=supplier_code)
    limit = credit_limit_minor if terms == SupplierTerms.CREDIT else 0
    before = {"terms": supplier.terms, "credit_limit_minor": supplier.credit_limit_minor}
    supplier.terms, supplier.credit_limit_minor = terms, limit
    supplier.save(update_fields=["terms", "credit_limit_minor"])
    audit.record(
        tag="supplier:terms", by=by, subject=f"supplier:{supplier.code}", now=now, before=before,
        after={"terms": terms, "credit_limit_minor": limit},
    )  # fmt: skip
