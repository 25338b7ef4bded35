"""The demo's goods on the shelf: catalogue file, home page."""

from datetime import datetime

from catalog.importing.plan import Plan
from catalog.services.ensure_base_rows import ensure_base_rows
from catalog.services.import_catalogue import import_catalogue
from core.tx import step
from demo.home import lay_out
from demo.places import CATALOGUE


def fill_shelves(*, now: datetime) -> Plan:
    """Import the catalogue and lay out the home page; as often as one likes."""
    with step():
        ensure_base_rows()
    plan = import_catalogue(
        content=CATALOGUE.read_bytes(), now=now, acting="system", source=CATALOGUE.name
    )
    lay_out()
    return plan
