"""Make one of the two founding owners; the password is asked for, or read from OWNER_PASSWORD."""

import getpass
import os
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from accounts.services.make_founder import EnoughFounders, make_founder
from core import clock


class Command(BaseCommand):
    help = "Make one of the two founding owners of a new shop."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--name", default="")

    def handle(self, *_args: Any, **options: Any) -> None:
        password = os.environ.get("OWNER_PASSWORD") or getpass.getpass("Password: ")
        try:
            validate_password(password)
            owner = make_founder(
                email=options["email"], password=password, name=options["name"], now=clock.now()
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        except EnoughFounders as error:
            raise CommandError(
                "The shop has its founders; roles are given in the back office."
            ) from error
        self.stdout.write(f"owner {owner.public_id}")
