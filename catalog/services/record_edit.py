"""After an operator edited rows in the back office: search, audit and caches follow."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from catalog import snapshot
from catalog.audit_tags import CATALOGUE_EDITED
from catalog.services.index_products import index_products
from core import audit
from core.tx import part


@part
def record_edit(
    *,
    subject: str,
    changed: dict[str, Any],
    now: datetime,
    acting: str,
    product_ids: Iterable[int] = (),
) -> None:
    """Audit an edit (field → new value, no secrets), index the products, let pages follow."""
    index_products(product_ids=product_ids)
    audit.record(tag=CATALOGUE_EDITED, by=acting, subject=subject, after=changed, now=now)
    snapshot.changed()
