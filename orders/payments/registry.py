"""The payment providers that are switched on, by code. Adapters are reached only through here."""

from importlib import import_module

from django.conf import settings

from core.sockets import Socket
from orders.payments.base import Provider

PROVIDERS: Socket[Provider] = Socket("payment providers")
# A free order needs no setting: there is nothing to be paid.
FREE = "free"
# Nor does one whose money is on the account of a channel: only the floor above confirms it.
ACCOUNT = "account"


def load() -> None:
    """Register each provider named in PAYMENT_PROVIDERS, `free` and `account`. Called when the app is ready."""
    for code in dict.fromkeys([FREE, ACCOUNT, *settings.PAYMENT_PROVIDERS]):
        if code not in PROVIDERS:
            PROVIDERS.register(code, import_module(f"orders.payments.{code}").provider)


def get(code: str) -> Provider:
    """The provider of that code. Raises KeyError."""
    return PROVIDERS.get(code)


def offered() -> list[Provider]:
    """Providers a buyer may choose from, in the order of the setting."""
    return [PROVIDERS.get(code) for code in settings.PAYMENT_PROVIDERS if code in PROVIDERS]
