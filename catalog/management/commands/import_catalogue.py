from catalog.management.importing import ImportCommand
from catalog.services.import_catalogue import import_catalogue


class Command(ImportCommand):
    help = "Import a catalogue file (CSV). Importing it again changes nothing."
    service = staticmethod(import_catalogue)
