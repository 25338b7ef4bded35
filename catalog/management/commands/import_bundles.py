from catalog.management.importing import ImportCommand
from catalog.services.import_bundles import import_bundles


class Command(ImportCommand):
    help = "Import a file of bundles (CSV). Importing it again changes nothing."
    service = staticmethod(import_bundles)
