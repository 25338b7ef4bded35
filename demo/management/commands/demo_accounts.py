from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from demo.people import CLERKS, SHOPPERS, STAFF, Person, password, totp_code, totp_secret

AGAIN = "python3 dev.py manage demo_accounts --code"


class Command(BaseCommand):
    help = "Say as whom the demo shop can be tried, and where. --code: only the six digits of this moment."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--code", action="store_true", help="print the second factor and stop")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["code"]:
            self.stdout.write(totp_code())
            return
        for line in (*_shop(), "", *_till(), "", *_office(), "", *_other_side()):
            self.stdout.write(line)


def _shop() -> list[str]:
    return [
        f"Shop         {settings.SITE_URL}/",
        "             Nobody needs an account to buy: choose a card, leave a phone or mail address, pay.",
        f"             {settings.SITE_URL}/p/jd-e-card/  card code, delivered from our own vault",
        f"             {settings.SITE_URL}/p/iqiyi-gold-vip/  top-up of a phone number by the supplier",
        *(_line(person) for person in SHOPPERS),
        f"             password  {password('shopper')}",
    ]


def _till() -> list[str]:
    return [
        f"Till         {settings.SITE_URL}/redeem/  scan a voucher bought in the shop",
        *(_line(person) for person in CLERKS),
        f"             password  {password('shopper')}",
    ]


def _office() -> list[str]:
    return [
        f"Back office  {settings.SITE_URL}/admin/",
        *(_line(person) for person in STAFF),
        f"             password  {password('staff')}",
        f"             second factor  {totp_secret()}  (for an authenticator app)",
        f"             its six digits now:  {AGAIN}",
    ]


def _other_side() -> list[str]:
    return [
        "Simulators   real HTTP, real signatures, no real money",
        f"             {settings.LOCALPAY_URL}/truth  what the payment gateway knows",
        *(
            f"             {getattr(settings, f'SUPPLIER_{letter}_URL')}/truth  what supplier {letter} has delivered"
            for letter in "ABC"
        ),
        "             Mail and texts (codes for signing in, links) are printed in log/worker.log.",
    ]


def _line(person: Person) -> str:
    return f"             {person.sign_in:<28}{person.what}"
