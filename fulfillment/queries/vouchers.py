"""How far vouchers are used, for those who would take them back."""

from collections.abc import Iterable

from django.db.models import F, Q

from fulfillment.models import Entitlement


def used_of(deliveries: Iterable[str]) -> set[str]:
    """Those of the deliveries (public ids) whose voucher is used, in part or wholly."""
    used = Q(uses_left__lt=F("uses_total")) | Q(amount_left_minor__lt=F("amount_total_minor"))
    rows = Entitlement.objects.filter(used, delivery__public_id__in=list(deliveries))
    return set(rows.values_list("delivery__public_id", flat=True))
