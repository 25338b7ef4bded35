"""A sold voucher gets what its terms promise, and a code of its own, in the transaction of the sale."""

import json
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from catalog.states import ValidityKind
from core.crypto import seal, unseal
from core.tx import part
from fulfillment.models import Entitlement, VoucherCode, VoucherTerms
from fulfillment.models.code import new_code_id
from fulfillment.queries.goods import Goods, start_of_day
from fulfillment.vouchers.codes import grouped, new_code
from fulfillment.vouchers.index import voucher_index

MASK = "••••"


def voucher_context(voucher_id: UUID) -> str:
    """What a voucher's sealed code is bound to: its own row."""
    return f"fulfillment_vouchercode:sealed:{voucher_id}"


@part
def issue_voucher(*, entitlement: Entitlement, one: Goods, now: datetime) -> VoucherCode:
    """Give a new entitlement its uses or its amount, its first day, and its code.

    Goods without terms are good for one use; no store takes them until terms name one.
    """
    terms = VoucherTerms.objects.filter(sku_id=one.sku_id).first()
    if terms is not None and terms.amount_minor is not None:
        entitlement.amount_total_minor = entitlement.amount_left_minor = terms.amount_minor
    else:
        uses = terms.uses_total if terms is not None else 1
        entitlement.uses_total = entitlement.uses_left = uses
    entitlement.valid_from = _first_moment(one, terms, now)
    entitlement.save(
        update_fields=[
            "uses_total", "uses_left", "amount_total_minor", "amount_left_minor", "valid_from",
        ]
    )  # fmt: skip
    return _write(entitlement, 1, now)


def _first_moment(one: Goods, terms: VoucherTerms | None, now: datetime) -> datetime:
    first = now
    if one.sku.validity_kind == ValidityKind.WINDOW and one.sku.valid_from:
        first = max(first, start_of_day(one.sku.valid_from))
    if terms is not None and terms.starts_after_days:
        day = timezone.localdate(now) + timedelta(days=terms.starts_after_days)
        first = max(first, start_of_day(day))
    return first


@part
def reissue_voucher(*, entitlement: Entitlement, now: datetime) -> VoucherCode | None:
    """Another code for the same voucher: the old one is dead at once. None when it has none.

    For a voucher that changes hands, or whose code somebody else has seen.
    """
    live = (
        VoucherCode.objects.select_for_update()
        .filter(entitlement=entitlement, replaced_at=None)
        .first()
    )
    if live is None:
        return None
    VoucherCode.objects.filter(pk=live.pk).update(replaced_at=now)
    return _write(entitlement, live.number + 1, now)


def _write(entitlement: Entitlement, number: int, now: datetime) -> VoucherCode:
    code, code_id = new_code(), new_code_id()
    return VoucherCode.objects.create(
        id=code_id,
        entitlement=entitlement,
        number=number,
        sealed=seal(json.dumps(["", code]), context=voucher_context(code_id)),
        index=voucher_index(code),
        masked=f"{MASK}{code[-len(MASK) :]}",
        made_at=now,
    )


def open_voucher(voucher_id: UUID, sealed: bytes | memoryview) -> str:
    """The code in the form people read. Raises CannotUnseal when the value was altered or moved."""
    _number, code = json.loads(unseal(sealed, context=voucher_context(voucher_id)).reveal())
    return grouped(code)
