#!/usr/bin/env python3
"""Django's command line. Commands that change the schema speak to the database as its owner."""

import os
import sys

OWNER_COMMANDS = frozenset(
    {"migrate", "makemigrations", "sqlmigrate", "pgtrigger", "squashmigrations"}
)


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if len(sys.argv) > 1 and sys.argv[1] in OWNER_COMMANDS:
        os.environ["DATABASE_AS_OWNER"] = "1"
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
