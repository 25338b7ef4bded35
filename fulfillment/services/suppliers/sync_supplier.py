"""Read a supplier's list and balance, a few pages at a time, outside any transaction.

A whole reading goes page by page and is resumed where it stopped; what sells is read again in
between, from the pages where it stood (by heat). Only a whole reading says what is gone. A call that
tells nothing changes nothing: an unreadable list is not an empty one.
"""

import time
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import connection
from django.db.models import Q

from core import clock, leases
from core.leases import Lease
from core.wire import deadline
from fulfillment.models import Supplier, SupplierSync
from fulfillment.queries.heat import hot_pages, pause_seconds
from fulfillment.services.suppliers.connect_supplier import Link, NotReady, connect_supplier
from fulfillment.services.suppliers.write_goods import (
    LostSync,
    begin_reading,
    end_reading,
    note_balance,
    note_problem,
    write_page,
)
from fulfillment.states import SupplierState
from fulfillment.suppliers.base import Balance
from fulfillment.suppliers.lists import CatalogPage

log = structlog.get_logger(__name__)

#: The switch: off, no list is read; what was known stays.
SYNC = "supply.sync"
#: Pages read in one slice, and seconds it may take; the next slice goes on.
SLICE_PAGES = 20
SLICE_SECONDS = 20.0
#: After a call that told nothing, the next is so far away; doubled up to LONGEST_PAUSE.
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)


def sync_suppliers(*, now: datetime, supplier_code: str = "") -> bool:
    """Work on one supplier whose reading is due (or the named one); True when one was found."""
    enrol(now=now)
    where = Q(supplier__state=SupplierState.ON) & ~Q(supplier__dialect="")
    if supplier_code:
        where &= Q(supplier__code=supplier_code)
    held = leases.claim(SupplierSync, where=where, limit=1, seconds=settings.LEASE_SECONDS, now=now)
    if not held:
        return False
    _work(held[0])
    return True


def enrol(*, now: datetime) -> int:
    """Give every connected supplier its row; returns how many were new."""
    missing = Supplier.objects.filter(sync__isnull=True).exclude(dialect="")
    made = SupplierSync.objects.bulk_create(
        [SupplierSync(supplier=supplier) for supplier in missing], ignore_conflicts=True
    )
    return len(made)


def _work(lease: Lease) -> None:
    row = SupplierSync.objects.select_related("supplier").get(pk=lease.pk)
    try:
        link = connect_supplier(row.supplier)
    except NotReady as error:
        _give_back(lease, row, problem=error.reason)
        return
    try:
        problem = _read(lease, row, link)
    except LostSync:
        return
    row.refresh_from_db()
    _give_back(lease, row, problem=problem)


def _read(lease: Lease, row: SupplierSync, link: Link) -> str:
    """Balance, the pages of what sells, and a slice of the whole list. Returns what went wrong."""
    if link.adapter.capabilities.balance:
        note_balance(lease=lease, balance=_ask_balance(row.supplier, link), now=clock.now())
    if not link.adapter.capabilities.catalog:
        return ""
    problem = "" if row.cursor else _read_hot(lease, row, link)
    return problem or _read_on(lease, row, link)


def _read_hot(lease: Lease, row: SupplierSync, link: Link) -> str:
    now = clock.now()
    if row.whole_at is None or _whole_is_due(row, now):
        return ""
    for cursor in hot_pages(row.supplier_id, now=now, limit=SLICE_PAGES):
        page = _ask_page(row.supplier, link, cursor)
        if page.problem:
            return page.problem
        write_page(lease=lease, page=page, cursor=cursor, now=clock.now())
    return ""


def _read_on(lease: Lease, row: SupplierSync, link: Link) -> str:
    if not row.cursor:
        if not _whole_is_due(row, clock.now()):
            return ""
        begin_reading(lease=lease, now=clock.now())
    row.refresh_from_db()
    cursor, began, seen = row.cursor, time.monotonic(), {row.cursor}
    for _place in range(SLICE_PAGES):
        page = _ask_page(row.supplier, link, cursor)
        if page.problem:
            return page.problem
        if page.next_cursor and page.next_cursor in seen:
            return "cursor_repeats"
        write_page(lease=lease, page=page, cursor=cursor, now=clock.now(), goes_on=True)
        if not page.next_cursor:
            end_reading(lease=lease, now=clock.now())
            return ""
        cursor = page.next_cursor
        seen.add(cursor)
        if time.monotonic() - began > SLICE_SECONDS:
            break
    return ""


def _whole_is_due(row: SupplierSync, now: datetime) -> bool:
    since = row.whole_at
    every = timedelta(seconds=settings.SYNC_WHOLE_SECONDS)
    return since is None or now - since >= every


def _ask_page(supplier: Supplier, link: Link, cursor: str) -> CatalogPage:
    try:
        with _lent_back(), deadline(supplier.call_seconds):
            return link.adapter.catalog(link.connection, cursor=cursor, now=clock.now())
    except Exception as error:  # R-SUP 2.4: an adapter's failure proves nothing
        log.exception("adapter_failed", supplier=supplier.code)
        return CatalogPage(problem=f"adapter: {type(error).__name__}")


def _ask_balance(supplier: Supplier, link: Link) -> Balance:
    try:
        with _lent_back(), deadline(supplier.call_seconds):
            return link.adapter.balance(link.connection, now=clock.now())
    except Exception as error:  # as above
        log.exception("adapter_failed", supplier=supplier.code)
        return Balance(problem=f"adapter: {type(error).__name__}")


class _lent_back:  # noqa: N801  reads as words where it is used
    """The connection to the database goes back to the pool while a supplier is asked (R-SUP-7)."""

    def __enter__(self) -> None:
        if settings.DATABASE_POOL and not connection.in_atomic_block:
            connection.close()

    def __exit__(self, *_: object) -> None:
        return None


def _give_back(lease: Lease, row: SupplierSync, *, problem: str) -> None:
    now = clock.now()
    note_problem(lease=lease, problem=problem)
    if problem:
        pause = min(FIRST_PAUSE * 2 ** min(row.tries, 10), LONGEST_PAUSE)
    elif row.cursor:
        pause = timedelta()
    else:
        pause = timedelta(seconds=pause_seconds(row.supplier_id, now=now))
    leases.release(SupplierSync, lease, not_before=now + pause)
    if not problem:
        SupplierSync.objects.filter(pk=lease.pk, lease_token="").update(tries=0)
