"""A flash sale's price as a rule of the one pricing engine (M3)."""

import json
from collections.abc import Callable, Iterable

from core.crypto import sha256_hex
from core.sockets import Socket
from orders.models import FlashSale
from orders.promotions.rules.special_price import SpecialPrice
from orders.promotions.values import Budget, Group, Measure, Rule, Scope, Who

# Filled by a floor that knows which identities are one person: (identity) -> the name to count by.
CLUSTERS: Socket[Callable[[str], str]] = Socket("clusters of identities")


def flash_rule(sale: FlashSale, *, identities: Iterable[str] = ()) -> Rule:
    """The sale's price for a buyer known by these identities; minor units of the sale's currency.

    The limit per person is counted for each identity. Under the floor it gives at most what two
    persons agreed to, divided by the units that were cut: as units bound it, no counter has to.
    """
    approved = sale.subsidy_minor if sale.subsidy_sha == subsidy_sha(sale) else 0
    names = sorted({_cluster(identity) for identity in identities if identity})
    return Rule(
        id=sale.public_id, group=Group.PRICE, terms=SpecialPrice(sale.price_minor),
        scope=Scope(frozenset({f"sku:{sale.sku.code}"})), who=Who(frozenset(sale.channels)),
        starts_at=sale.starts_at, ends_at=sale.ends_at, priority=1, keeps_stock=True,
        subsidy_minor=approved // sale.units, title=sale.name, title_en=sale.name_en,
        budgets=tuple(
            Budget(f"promo:{sale.public_id}:by:{name}", sale.per_person, Measure.USES)
            for name in names
        ),
    )  # fmt: skip


def subsidy_sha(sale: FlashSale) -> str:
    """Of everything that decides what the subsidy is spent on: what two persons agreed to."""
    said = [sale.sku_id, sale.price_minor, sale.currency, sale.units, sale.subsidy_minor]
    return sha256_hex(json.dumps(said).encode())


def _cluster(identity: str) -> str:
    names = [name_of(identity) for name_of in CLUSTERS.all().values()]
    return names[0] if names else identity
