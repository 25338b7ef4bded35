"""Addresses that others give us: only the world outside is called, never our own insides.

Inside `outward()` every connection of the thread goes to an address that was looked at first: a
name that leads to a private, local or reserved network is refused before a byte leaves. The name is
resolved once and the connection made to what was looked at, so it cannot change in between.
"""

import ipaddress
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from django.conf import settings

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_call = threading.local()


class Inside(ValueError):
    """The address is not one that may be called on behalf of others."""


@contextmanager
def outward() -> Iterator[None]:
    """Calls inside reach public addresses only; a shop on this machine alone also reaches itself."""
    before = getattr(_call, "on", False)
    _call.on = True
    try:
        yield
    finally:
        _call.on = before


def refuse_inside(url: str) -> None:
    """Look at an address before it is kept: https, no user in it, no address of an inside network.

    Names are looked at when they are called. Raises Inside.
    """
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError as error:
        raise Inside("not an address") from error
    if _may_loop() and host in LOOPBACK and parts.scheme in {"http", "https"}:
        return
    if parts.scheme != "https" or not host or "@" in parts.netloc:
        raise Inside("https and a host are needed")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        if "." not in host or host.endswith((".local", ".internal", ".localhost")):
            raise Inside("not a public name") from None
        return
    _look(str(address))


def look_before(url: str) -> None:
    """Look at where an address leads at this moment, before it is called.

    A connection that is still open from an earlier call is not made anew, so it is not looked at
    again by itself. Raises Inside, also for a name that nobody knows.
    """
    parts = urlsplit(url)
    try:
        with outward():
            vetted(parts.hostname or "", parts.port or 443)
    except OSError as error:
        raise Inside("nobody knows this name") from error


def vetted(host: str, port: int) -> str:
    """Where to connect for that host: itself, or inside `outward` the public address behind it.

    Raises Inside, OSError for a name that nobody knows.
    """
    if not getattr(_call, "on", False):
        return host
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for address in addresses:
        _look(address)
    return addresses[0]


def _look(text: str) -> None:
    address = ipaddress.ip_address(text.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
    for one in filter(None, (address, mapped)):
        if one.is_loopback and _may_loop():
            continue
        if not one.is_global or one.is_multicast:
            raise Inside("an address of an inside network")


def _may_loop() -> bool:
    """Only where the shop itself is on loopback: trying it out, and in tests."""
    return urlsplit(str(settings.SITE_URL)).hostname in LOOPBACK
