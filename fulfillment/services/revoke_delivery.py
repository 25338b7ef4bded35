"""Take a delivered unit back from its owner. Two persons have agreed to it."""

from datetime import datetime

from catalog.states import DeliveryKind
from core import outbox, transitions
from core.tx import part
from fulfillment.events import REFUNDED, DeliveryRevoked
from fulfillment.models import CertificateLink, CodeIssue, Delivery, Entitlement
from fulfillment.queries.vouchers import used_of
from fulfillment.redemption import PartlyUsed
from fulfillment.services.editions.link_certificate import link_certificate
from fulfillment.services.wallet.end_gift import end_gift_of
from fulfillment.services.wallet.reveal_links import end_links
from fulfillment.states import DeliveryState, EntitlementState

# What went to somebody's account elsewhere cannot be taken back by us.
OUT_OF_REACH = frozenset({DeliveryKind.TOPUP, DeliveryKind.MANUAL})


class PassedOn(Exception):
    """The unit belongs to somebody else by now."""


@part
def revoke_delivery(
    *, delivery: Delivery, reason: str, approval: str, by: str, now: datetime
) -> bool:
    """Revoke a locked, delivered unit with what its owner holds; False when it is not delivered.

    Its codes stay sold and issued: somebody may have seen them, so they never return to sale.
    ``reason`` is a key: reversed, refunded. Raises PartlyUsed for a voucher that was used: who
    redeems at this moment comes first and is seen, or finds it revoked.
    """
    owned = Entitlement.objects.select_for_update(of=("self",)).filter(delivery=delivery).first()
    if used_of([delivery.public_id]):
        raise PartlyUsed(delivery.public_id)
    moved = transitions.move(
        Delivery, delivery.pk, from_=[DeliveryState.DELIVERED], to=DeliveryState.REVOKED, now=now,
        by=by, why=approval, revoked_at=now, approval=approval, resolved_by=by,
    )  # fmt: skip
    if not moved:
        return False
    if owned is not None:
        transitions.move(
            Entitlement, owned.pk, from_=[s for s in EntitlementState if s != "revoked"],
            to=EntitlementState.REVOKED, now=now, by=by, why=reason,
        )  # fmt: skip
        end_gift_of(owned, by=by, now=now)
        end_links(owned, by=by, now=now, why=reason)
        link_certificate(owned, what=CertificateLink.What.RETIRED, by=by, now=now)
    outbox.publish(
        DeliveryRevoked(
            reference=delivery.reference, line=delivery.line, delivery=delivery.public_id,
            unit=delivery.unit, reason=reason,
        ),
        now=now,
    )  # fmt: skip
    return True


@part
def revoke_refunded(*, delivery: str, approval: str, by: str, now: datetime) -> bool:
    """Revoke a unit whose money goes back, where its kind allows; whether it was revoked.

    Money on somebody's account elsewhere, and work that people have done, stay delivered. Raises
    PassedOn when a friend of the buyer's has accepted it: it is not the buyer's to give back.
    """
    row = Delivery.objects.select_for_update(of=("self",)).get(public_id=delivery)
    owned = Entitlement.objects.select_for_update(of=("self",)).filter(delivery=row).first()
    if owned is not None and owned.moves:
        raise PassedOn(delivery)
    if row.kind in OUT_OF_REACH and not CodeIssue.objects.filter(delivery=row).exists():
        return False
    return revoke_delivery(delivery=row, reason=REFUNDED, approval=approval, by=by, now=now)
