"""Which goods the dialect has words for. Pure."""

from catalog.offers import Offer
from distribution.models.marketorder import MarketKind

#: Bundles and what staff deliver by hand are not in the dialect.
SOLD_AS: dict[str, frozenset[str]] = {
    MarketKind.CARD: frozenset({"pool", "voucher", "topup"}),
    MarketKind.DIRECT: frozenset({"topup"}),
}


def is_sold_here(offer: Offer, kind: str) -> bool:
    """Whether a good is a code, or a top-up with its recipient, as `kind` says."""
    if offer.bundle is not None or offer.delivery_kind not in SOLD_AS[kind]:
        return False
    return bool(offer.inputs) == (kind == MarketKind.DIRECT)
