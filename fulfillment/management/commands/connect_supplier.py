"""Connect a supplier from the command line: address and key by environment, never by argument."""

import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core import clock
from core.money import parse_minor
from fulfillment.services.purchasing.fund_supplier import AlreadyFunded, fund_supplier
from fulfillment.services.suppliers.change_supplier_keys import read_text
from fulfillment.services.suppliers.offer_goods import offer_goods
from fulfillment.services.suppliers.save_supplier import BadSupplier, TakesTwoPersons, save_supplier
from fulfillment.suppliers.options import BadOptions
from fulfillment.suppliers.registry import NoSuchDialect

BY = "system"


class Command(BaseCommand):
    """The first connection. A second run changes nothing: another key takes two persons."""

    help = (
        "Connect a supplier. SUPPLIER_<CODE>_URL, _KEY and _SECRET are read from the environment, "
        "and _OPTIONS, a JSON object, where the dialect leaves something open. "
        "With --fund the prepaid account is opened once; with --offers every top-up SKU gets an offer."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("code")
        parser.add_argument("--name", default="")
        parser.add_argument("--dialect", default="rest_hmac")
        parser.add_argument("--fund", metavar="AMOUNT", default="")
        parser.add_argument("--offers", action="store_true")

    def handle(self, *_args: Any, **options: Any) -> None:
        code, now = options["code"], clock.now()
        place = f"SUPPLIER_{code.upper()}"
        url, key_id, secret = (
            os.environ.get(f"{place}_{part}", "") for part in ("URL", "KEY", "SECRET")
        )
        if not (url and key_id and secret):
            raise CommandError(f"{place}_URL, {place}_KEY and {place}_SECRET must be set")
        try:
            save_supplier(
                code=code,
                name=options["name"] or code,
                dialect=options["dialect"],
                base_url=url,
                key_id=key_id,
                secret=secret,
                by=BY,
                now=now,
                options=read_text(text)
                if (text := os.environ.get(f"{place}_OPTIONS", ""))
                else None,
            )
        except (BadSupplier, BadOptions, NoSuchDialect) as error:
            raise CommandError(str(error)) from error
        except TakesTwoPersons as error:
            raise CommandError(
                f"{code} is connected already with another address or key: two persons change it, "
                "in the back office"
            ) from error
        if options["fund"]:
            self._fund(code, options["fund"], now)
        added = offer_goods(supplier_code=code, by=BY, now=now) if options["offers"] else 0
        self.stdout.write(f"{code}: connected, {added} offers added")

    def _fund(self, code: str, amount: str, now: Any) -> None:
        try:
            fund_supplier(
                supplier_code=code,
                amount_minor=parse_minor(amount),
                payment_no="OPENING",
                by=BY,
                now=now,
            )
        except AlreadyFunded:
            self.stdout.write(f"{code}: the opening balance is booked already")
