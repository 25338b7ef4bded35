"""Hand codes to an outside channel: each stays known by its number (D8)."""

from collections.abc import Sequence
from datetime import datetime

from core.crypto import blind_index
from core.tx import part
from fulfillment.codefiles.clean import clean
from fulfillment.models import Code, CodeExport, ConsignedUnit, Consignment
from fulfillment.services.reveal import open_code


def name_index(name: str) -> bytes:
    """By what a report names a code: its number, or the secret of a code that has none."""
    return blind_index("consigned", clean(name))


@part
def consign(
    *, export: CodeExport, channel: str, codes: Sequence[Code], now: datetime
) -> Consignment:
    """Write down which codes of an export the channel (its code) has. They are `consigned` already."""
    made = Consignment.objects.create(
        sku_id=export.sku_id, channel=channel, export=export, created_at=now
    )
    ConsignedUnit.objects.bulk_create(
        ConsignedUnit(
            consignment=made, code=code, name_index=name_index(_name(code)), changed_at=now
        )
        for code in codes
    )
    return made


def _name(code: Code) -> str:
    clear = open_code(code.pk, code.sealed, code.expires_on)
    return clear.number or clear.secret
