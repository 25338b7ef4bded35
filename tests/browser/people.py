"""The demo's people as a test signs them in; the shop tells what follows from its own key."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page

from demo.people import totp_code_of
from tests.house import House

Opener = Callable[..., Page]
Office = Callable[[str], Page]

_ASK = (
    "import django, json; django.setup(); from demo.people import *;"
    "print(json.dumps({'staff': password('staff'), 'shopper': password('shopper'), 'seed': totp_secret()}))"
)


@dataclass(frozen=True, slots=True)
class Staff:
    """Passwords and the second factor of one shop's demo people."""

    password: str
    shopper_password: str
    seed: str
    folder: Path

    @classmethod
    def of(cls, shop: House) -> "Staff":
        """What this shop's demo people sign in with; asked once for each filling of the shop."""
        first = str(shop.sql("select public_id from accounts_user order by id limit 1")[0][0])
        folder = shop.state / "signed-in" / first
        folder.mkdir(parents=True, exist_ok=True)
        told = folder / "told.json"
        if not told.exists():
            told.write_text(shop.run("-c", _ASK).stdout)
        found = json.loads(told.read_text())
        return cls(found["staff"], found["shopper"], found["seed"], folder)

    @staticmethod
    def mail(role: str) -> str:
        return f"{role}@demo.example.com"

    def code(self) -> str:
        """Six digits that are good now."""
        return totp_code_of(self.seed)

    def kept(self, role: str) -> Path | None:
        """The browser state of somebody who signed in before."""
        path = self.keep(role)
        return path if path.exists() else None

    def keep(self, role: str) -> Path:
        return self.folder / f"{role}.json"
