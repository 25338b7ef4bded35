"""How a SKU is routed, and what a supplier may be asked to bear: every change says what it was."""

from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal

from core import audit
from core.tx import part, step
from fulfillment.models import RoutePolicy, Supplier
from fulfillment.services.wake_waiting import wake_sku, wake_waiting

MOST_CALLS, MOST_RATE, LONGEST_CALL = 200, Decimal(1000), 25


class BadLimits(ValueError):
    """A limit is outside what the worker can keep."""


@dataclass(frozen=True, slots=True)
class PolicyTerms:
    """What a routing policy says (see RoutePolicy); money in minor units, shares in 1/100 %."""

    sku_id: int
    policy: str
    max_attempts: int
    margin_floor_minor: int
    margin_floor_bp: int
    price_guard_bp: int | None
    overflow: bool


@part
def save_policy(*, terms: PolicyTerms, by: str, now: datetime) -> RoutePolicy:
    """Set a SKU's policy; audited, and units that wait look again under it."""
    before = _told(RoutePolicy.objects.filter(sku_id=terms.sku_id).first())
    values = asdict(terms)
    saved, _made = RoutePolicy.objects.update_or_create(
        sku_id=values.pop("sku_id"), defaults=values
    )
    if _told(saved) != before:
        audit.record(
            tag="route:saved", by=by, subject=f"sku:{saved.sku.code}", now=now,
            before=before, after=_told(saved),
        )  # fmt: skip
        wake_sku(sku_id=terms.sku_id, now=now)
    return saved


@part
def delete_policy(*, sku_id: int, by: str, now: datetime) -> None:
    """Back to the fixed order and its defaults."""
    row = RoutePolicy.objects.select_related("sku").get(sku_id=sku_id)
    audit.record(
        tag="route:deleted", by=by, subject=f"sku:{row.sku.code}", now=now, before=_told(row)
    )
    row.delete()
    wake_sku(sku_id=sku_id, now=now)


@step()
def set_limits(
    *,
    code: str,
    concurrency: int,
    rate_per_second: Decimal | None,
    call_seconds: int,
    by: str,
    now: datetime,
) -> bool:
    """Calls at once, purchases a second (None: no limit) and seconds a call of a supplier.

    False when nothing is changed. Raises BadLimits.
    """
    if not 1 <= concurrency <= MOST_CALLS or not 1 <= call_seconds <= LONGEST_CALL:
        raise BadLimits(code)
    if rate_per_second is not None and not 0 < rate_per_second <= MOST_RATE:
        raise BadLimits(code)
    row = Supplier.objects.select_for_update().get(code=code)
    before = limits_of(row)
    row.concurrency, row.rate_per_second = concurrency, rate_per_second
    row.call_seconds = call_seconds
    if limits_of(row) == before:
        return False
    row.save(update_fields=["concurrency", "rate_per_second", "call_seconds"])
    audit.record(
        tag="supplier:limits", by=by, subject=f"supplier:{code}", now=now,
        before=before, after=limits_of(row),
    )  # fmt: skip
    wake_waiting(supplier_code=code, now=now)
    return True


def limits_of(supplier: Supplier) -> dict[str, str]:
    """What a supplier may be asked to bear, as text."""
    rate = supplier.rate_per_second
    return {
        "concurrency": str(supplier.concurrency),
        "rate_per_second": "" if rate is None else f"{rate.normalize():f}",
        "call_seconds": str(supplier.call_seconds),
    }


def _told(row: RoutePolicy | None) -> dict[str, object] | None:
    if row is None:
        return None
    names = [name for name in PolicyTerms.__dataclass_fields__ if name != "sku_id"]
    return {name: getattr(row, name) for name in names}
