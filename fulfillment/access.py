"""Who may see the goods of a reference. Floors above bring their own proofs (a signed cookie)."""

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest

from core.sockets import Socket
from fulfillment.models import Delivery


@dataclass(frozen=True, slots=True)
class Proof:
    """``by`` is the acting party for the audit; ``fresh`` whether codes may be shown on it."""

    by: str
    fresh: bool = True


#: Filled by floors above: (request, reference) → a proof or None. Must not raise.
PROOFS: Socket[Callable[[HttpRequest, str], Proof | None]] = Socket("proofs of ownership")


def proof_for(request: HttpRequest, reference: str, *, owner: str | None = None) -> Proof | None:
    """The first proof that this reader may see the goods: their owner, or what PROOFS say.

    ``owner`` is the public id on the goods; left out, it is looked up.
    """
    user = request.user
    if user.is_authenticated:
        if owner is None:
            owner = (
                Delivery.objects.filter(reference=reference).values_list("owner", flat=True).first()
            )
        if owner and owner == user.public_id:
            return Proof(by=user.acting)
    for prove in PROOFS:
        found = prove(request, reference)
        if found is not None:
            return found
    return None
