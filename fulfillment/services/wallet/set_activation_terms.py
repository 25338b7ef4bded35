"""Say how goods of a SKU are activated from now on; what was issued before keeps its terms."""

from datetime import datetime

from core import audit
from core.cache import bump
from core.tx import part
from fulfillment.models import ActivationTerms
from fulfillment.queries.activation import NAME


@part
def set_activation_terms(
    *,
    sku_id: int,
    binding: str,
    activations: int,
    by: str,
    now: datetime,
    opens_at: datetime | None = None,
    closes_at: datetime | None = None,
    within_days: int | None = None,
) -> ActivationTerms:
    """Write new terms; all processes know them within a second. `by` is the acting party.

    Raises django.db.IntegrityError for a window that ends before it begins, or no activation.
    Source: F10.
    """
    row = ActivationTerms.objects.create(
        sku_id=sku_id, binding=binding, activations=activations, opens_at=opens_at,
        closes_at=closes_at, within_days=within_days, since=now, by=by[:48],
    )  # fmt: skip
    bump(NAME)
    audit.record(
        tag="activation:terms", by=by, subject=row.sku.code, now=now,
        after={"binding": binding, "activations": activations},
    )  # fmt: skip
    return row
