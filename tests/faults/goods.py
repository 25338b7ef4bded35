"""Goods for the stage, made through the shop's own services in a process of its own.

`python -m tests.faults.goods '{"codes": 500}'` prints what it made as JSON. Codes carry MARK in
their secret, so that any copy of one in the clear is found wherever it lies.
"""

import json
import os
import sys
from dataclasses import asdict, dataclass
from typing import Any

MARK = "QYCANARY"
CARD, TOPUP, FREE, RARE = "FLT-CARD", "FLT-TOPUP", "FLT-FREE", "FLT-RARE"
CARD_MINOR, RARE_MINOR, TOPUP_MINOR, TOPUP_COST_MINOR = 9850, 50000, 1990, 1650
FUNDED_MINOR = 50_000_00
MEMBERS, MEMBER_MINOR = 40, 5_000_00
FIRST_FREE, FREE_CODES = 9_000_000, 20
FIRST_RARE, RARE_CODES = 8_000_000, 4
BY = "user:usr_STAGE"


@dataclass(frozen=True)
class Goods:
    """Where the goods are to be found: slugs of product pages, database keys of SKUs.

    And who comes for them with money on a balance: id, key and cookies of each (people.py).
    """

    card_slug: str
    card_id: int
    topup_slug: str
    topup_id: int
    free_slug: str
    free_id: int
    rare_slug: str
    rare_id: int
    members: list[dict[str, Any]]


def code_text(number: int) -> tuple[str, str]:
    """Number and secret of the n-th code; the same in every process."""
    return f"{7_000_000_000_000_000 + number}", f"{MARK}-{number:08d}-{number * 7919 % 10**8:08d}"


def code_file(first: int, units: int) -> bytes:
    lines = (" ".join(code_text(n)) for n in range(first, first + units))
    return ("\n".join(lines) + "\n").encode()


def make(*, codes: int) -> Goods:
    """A card with that many codes, one with few, one that costs nothing, and a top-up at supplier C."""
    from catalog.models import Sku
    from core.crypto import ensure_data_key
    from tests.factories.catalog import fresh, make_sku
    from tests.factories.fulfillment import import_file, make_offer
    from tests.factories.supply import connect
    from tests.faults.people import make as make_people

    ensure_data_key()
    card = make_sku(code=CARD, price_minor=CARD_MINOR)
    free = make_sku(code=FREE, price_minor=0, cost_minor=0)
    rare = make_sku(code=RARE, price_minor=RARE_MINOR)
    topup = make_sku(kind="topup", code=TOPUP, price_minor=TOPUP_MINOR, cost_minor=TOPUP_COST_MINOR)
    supplier = connect(
        os.environ["SUPPLIER_C_URL"], prepaid_minor=FUNDED_MINOR,
        key_id=os.environ["SUPPLIER_C_KEY"], secret=os.environ["SUPPLIER_C_SECRET"],
    )  # fmt: skip
    make_offer(
        topup,
        supplier,
        supplier_sku=TOPUP,
        cost_minor=TOPUP_COST_MINOR,
        max_cost_minor=TOPUP_COST_MINOR,
    )
    import_file(card, code_file(0, codes))
    import_file(free, code_file(FIRST_FREE, FREE_CODES))
    import_file(rare, code_file(FIRST_RARE, RARE_CODES))
    fresh()
    slugs = {sku.code: sku.product.slug for sku in Sku.objects.select_related("product")}
    return Goods(
        card_slug=slugs[CARD],
        card_id=card.pk,
        topup_slug=slugs[TOPUP],
        topup_id=topup.pk,
        free_slug=slugs[FREE],
        free_id=free.pk,
        rare_slug=slugs[RARE],
        rare_id=rare.pk,
        members=make_people(
            {"email": f"member{n}@example.com", "balance_minor": MEMBER_MINOR}
            for n in range(MEMBERS)
        ),
    )


def main() -> None:
    import django

    django.setup()
    wishes: dict[str, Any] = json.loads(sys.argv[1])
    sys.stdout.write("\n" + json.dumps(asdict(make(**wishes))))


if __name__ == "__main__":
    main()
