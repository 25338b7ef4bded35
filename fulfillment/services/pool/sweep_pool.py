"""The pool's own housekeeping. Every call does a bounded piece and may run twice at once."""

import time
from datetime import datetime, timedelta

from django.db.models import Q

from catalog.models import Sku
from catalog.states import DeliveryKind
from core.tx import step
from fulfillment.codefiles import store
from fulfillment.models import CodeBatch, CodeExport
from fulfillment.services.imports.cancel_import import cancel_import
from fulfillment.services.pool.count_availability import count_availability, count_editions
from fulfillment.services.pool.expire_codes import expire_codes
from fulfillment.services.pool.take_export import drop
from fulfillment.services.pool.tend_shares import tend_shares
from fulfillment.services.redeeming.admit_till import forget_nonces
from fulfillment.services.release import release_overdue
from fulfillment.states import BatchState, ExportState

ROUNDS = 20
KEEP_FILES = timedelta(hours=24)
# Whoever pays in the last second of a hold should still find it.
GRACE = timedelta(seconds=5)


def sweep_pool(*, now: datetime) -> None:
    """Free overdue holds, expire codes, tend shares, tell the shelf, clear forgotten files and nonces."""
    for _round in range(ROUNDS):
        if not _free(now - GRACE):
            break
    for _round in range(ROUNDS):
        if not expire_codes(now=now):
            break
    tend_shares(now=now)
    tell_shelf(now=now)
    clear_files(now=now)
    forget_nonces(now=now)


@step()
def _free(before: datetime) -> int:
    return release_overdue(now=before)


@step()
def tell_shelf(*, now: datetime) -> int:
    """Compare the shown availability of pools and editions with what is there. Returns how many changed."""
    pool = Sku.objects.filter(product__product_type__delivery_kind=DeliveryKind.POOL)
    told = count_availability(sku_ids=list(pool.values_list("pk", flat=True)), now=now)
    return told + count_editions(now=now)


def clear_files(*, now: datetime) -> None:
    """Cancel imports nobody went on with, withdraw late exports, destroy files nobody knows."""
    waiting = Q(state__in=[BatchState.CHECKED, BatchState.PAUSED, BatchState.FAILED])
    stale = CodeBatch.objects.filter(waiting, created_at__lt=now - KEEP_FILES)
    for batch_id in stale.values_list("public_id", flat=True)[:50]:
        cancel_import(batch_id=batch_id, by="worker", now=now, why="nobody went on with it")
    _drop_late_exports(now)
    known = set(CodeBatch.objects.exclude(stored="").values_list("stored", flat=True))
    known |= set(CodeExport.objects.exclude(stored="").values_list("stored", flat=True))
    for name in store.names(older_than=time.time() - 3600):
        if name not in known:
            store.destroy(name)


@step()
def _drop_late_exports(now: datetime) -> None:
    late = CodeExport.objects.select_for_update(of=("self",)).filter(
        state=ExportState.READY, expires_at__lt=now
    )
    for export in late[:50]:
        drop(export, by="worker", why="too late", now=now)
