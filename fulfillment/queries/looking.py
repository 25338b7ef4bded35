"""What stands between a holder and the code: it has to be activated first, or on another device."""

from collections.abc import Sequence

from catalog.states import Binding
from core.crypto import blind_index
from fulfillment.models import Entitlement, EntitlementBinding
from fulfillment.queries.activation import PLACES, terms_of
from fulfillment.states import EntitlementState

ACTIVATE, ELSEWHERE, GIVEN = "activate", "elsewhere", "given"


def hindrance(row: Entitlement, *, device: str, ip: str) -> str:
    """ "" when its code may be shown to its holder here, else why not."""
    if row.given_at is not None:
        return GIVEN
    terms = terms_of(row)
    if not terms.needed:
        return ""
    bound = list(EntitlementBinding.objects.filter(entitlement=row))
    if not bound:
        return "" if row.state == EntitlementState.REVOKED else ACTIVATE
    if terms.binding not in PLACES:
        return ""
    value = device if terms.binding == Binding.DEVICE else ip
    here = blind_index(f"binding:{terms.binding}", value) if value else b""
    return "" if _has(bound, here) else ELSEWHERE


def _has(bound: Sequence[EntitlementBinding], index: bytes) -> bool:
    return any(bytes(one.value_index) == index for one in bound)
