"""The demo's goods on the shelf: catalogue file, bundles, a numbered edition, home page and campaign."""

from datetime import datetime
from typing import Any

from catalog.importing.plan import Plan
from catalog.models import Sku
from catalog.services.ensure_base_rows import ensure_base_rows
from catalog.services.import_bundles import import_bundles
from catalog.services.import_catalogue import import_catalogue
from core.tx import step
from demo.home import lay_out
from demo.places import BUNDLES, CATALOGUE, EDITIONS, SIZES
from fulfillment.models import Edition
from fulfillment.services.editions.save_edition import save_edition

BY = "system:demo"


def fill_shelves(*, now: datetime) -> tuple[Plan[Any], Plan[Any]]:
    """Import catalogue and bundles and lay out the pages; as often as one likes."""
    with step():
        ensure_base_rows()
    plan = import_catalogue(
        content=CATALOGUE.read_bytes(), now=now, acting="system", source=CATALOGUE.name
    )
    bundles = import_bundles(
        content=BUNDLES.read_bytes(), now=now, acting="system", source=BUNDLES.name
    )
    import_catalogue(content=EDITIONS.read_bytes(), now=now, acting="system", source=EDITIONS.name)
    _number(now)
    lay_out(now=now)
    return plan, bundles


@step()
def _number(now: datetime) -> None:
    for code, size in SIZES.items():
        sku = Sku.objects.get(code=code)
        if not Edition.objects.filter(sku=sku).exists():
            save_edition(sku_id=sku.pk, size=size, by=BY, now=now)
