"""Take a file of codes and make its import job. The file is read by a worker, not here."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from catalog.models import Sku
from catalog.states import DeliveryKind
from core import audit, transitions, wake
from core.tx import step
from fulfillment.codefiles import store
from fulfillment.models import CodeBatch, Supplier
from fulfillment.services.purchasing.bind_batch import is_open

RUN_TASK = "fulfillment.run_import"


class ImportRefused(ValueError):
    """The request makes no sense; the message is a key of why."""


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What a person says about a file. `cost_minor` is per code, in minor units of the SKU.

    `expires_on` is for lines that name no day. `dry_run` checks every line and imports nothing.
    `purchase_line_id` binds the batch to a line of an open purchase (receive_purchase.py).
    """

    sku_id: int
    file_name: str
    supplier_id: int | None = None
    cost_minor: int | None = None
    paid_from: str = CodeBatch.PaidFrom.BANK
    expires_on: date | None = None
    layout: str = CodeBatch.Layout.PAIR
    dry_run: bool = False
    purchase_line_id: int | None = None


def import_codes(
    request: ImportRequest, *, chunks: Iterable[bytes], by: str, now: datetime
) -> CodeBatch:
    """Seal the file away and queue its batch. Raises ImportRefused, FileRefused; then nothing stays.

    Without a cost the SKU's own is taken.
    """
    sku = _check(request)
    stored = store.receive(chunks)
    try:
        return _queue(request, sku, stored, by=by, now=now)
    except BaseException:
        store.destroy(stored.name)
        raise


def _check(request: ImportRequest) -> Sku:
    sku = Sku.objects.select_related("product__product_type").get(pk=request.sku_id)
    if sku.product.product_type.delivery_kind != DeliveryKind.POOL:
        raise ImportRefused("not_a_pool_sku")
    if request.paid_from != CodeBatch.PaidFrom.BANK and request.supplier_id is None:
        raise ImportRefused("prepaid_needs_supplier")
    if request.cost_minor is not None and request.cost_minor < 0:
        raise ImportRefused("negative_cost")
    if request.supplier_id and not Supplier.objects.filter(pk=request.supplier_id).exists():
        raise ImportRefused("no_such_supplier")
    return sku


@step()
def _queue(
    request: ImportRequest, sku: Sku, stored: store.Stored, *, by: str, now: datetime
) -> CodeBatch:
    cost = request.cost_minor if request.cost_minor is not None else (sku.cost_minor or 0)
    if request.purchase_line_id is not None and not is_open(request.purchase_line_id):
        raise ImportRefused("purchase_not_open")
    batch = CodeBatch.objects.create(
        sku=sku,
        supplier_id=request.supplier_id,
        file_name=request.file_name[-120:],
        file_sha256=stored.sha256,
        stored=stored.name,
        encoding=stored.encoding,
        bytes_total=stored.bytes_total,
        layout=request.layout,
        cost_minor=cost,
        currency=sku.currency,
        paid_from=request.paid_from,
        expires_on=request.expires_on,
        dry_run=request.dry_run,
        purchase_line_id=request.purchase_line_id,
        created_by=by[:48],
        created_at=now,
    )
    transitions.begin(
        entity="codebatch", subject=batch.public_id, state=batch.state, now=now, by=by, why="upload"
    )
    audit.record(
        tag="codes:uploaded", by=by, subject=batch.public_id, now=now,
        after={"sku": sku.code, "sha256": stored.sha256, "dry_run": request.dry_run},
    )  # fmt: skip
    wake.poke(RUN_TASK, batch.public_id)
    return batch
