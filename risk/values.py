"""The things a list entry or a limit may name, each in one spelling and under one blind index.

`accounts` and `orders` use the same functions, so that a phone on a block list, on an order and on
an account has the same index.
"""

import ipaddress
import re
from collections.abc import Callable

import phonenumbers
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.crypto import blind_index
from core.masking import mask_mail, mask_middle, mask_phone

MAX_VALUE = 254
MAIL = re.compile(r"[^@\s\"<>(),:;\\]{1,64}@[^@\s\"<>(),:;\\]+\.[^@\s\"<>(),:;\\.]{2,63}")
NETWORK_BITS = {4: (8, 32), 6: (16, 64)}


class Kind(models.TextChoices):
    IP = "ip", _("IP address")
    NETWORK = "network", _("network")
    PHONE = "phone", _("phone number")
    MAIL = "mail", _("e-mail address")
    ACCOUNT = "account", _("account")
    DEVICE = "device", _("device")


class NotAValue(ValueError):
    """The text is not a value of its kind; `args[0]` is a message for a person."""


def normal(kind: str, text: str) -> str:
    """The one spelling of a value. Phones without a country are Chinese. Raises NotAValue."""
    text = text.strip()
    if not text or len(text) > MAX_VALUE:
        raise NotAValue(_("Enter a value."))
    return _SPELLING[Kind(kind)](text)


def value_index(kind: str, value: str) -> bytes:
    """Keyed hash (32 bytes) under which a value in its one spelling is stored and found."""
    return blind_index(f"value:{kind}", value)


def masked(kind: str, value: str) -> str:
    """What staff may read of a value. A network is nobody's private data and is shown whole."""
    if kind == Kind.IP:
        return mask_ip(value)
    if kind == Kind.PHONE:
        return mask_phone(value)
    if kind == Kind.MAIL:
        return mask_mail(value)
    if kind == Kind.DEVICE:
        return mask_middle(value)
    return value


def mask_ip(ip: str) -> str:
    """`203.0.*.*`, or the first two groups of an IPv6 address."""
    if ":" in ip:
        return ":".join(ip.split(":")[:2]) + ":*"
    return ".".join(ip.split(".")[:2]) + ".*.*"


def countable_ip(ip: str) -> str:
    """What is counted for an address: IPv4 itself, IPv6 its /64, which one person has whole."""
    if ":" not in ip:
        return ip
    return str(ipaddress.ip_network(f"{ip}/64", strict=False).network_address)


def ip_key(ip: str) -> str:
    """By what limits count an address: a keyed hash of `countable_ip`, never the address."""
    return value_index(Kind.IP, countable_ip(ip)).hex()[:32]


def network_of(ip: str, prefix: int) -> str:
    """The network of that prefix length around an address, in its one spelling."""
    return str(ipaddress.ip_network(f"{ip}/{prefix}", strict=False))


def _ip(text: str) -> str:
    try:
        address = ipaddress.ip_address(text)
    except ValueError as error:
        raise NotAValue(_("This is not an IP address.")) from error
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def _network(text: str) -> str:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise NotAValue(_("This is not a network such as 203.0.113.0/24.")) from error
    low, high = NETWORK_BITS[network.version]
    if not low <= network.prefixlen <= high:
        raise NotAValue(_("The network is too wide or too narrow."))
    return str(network)


def _phone(text: str) -> str:
    try:
        number = phonenumbers.parse(text, "CN")
    except phonenumbers.NumberParseException as error:
        raise NotAValue(_("This is not a phone number.")) from error
    if not phonenumbers.is_valid_number(number):
        raise NotAValue(_("This is not a phone number."))
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _mail(text: str) -> str:
    if not MAIL.fullmatch(text):
        raise NotAValue(_("This is not an e-mail address."))
    return text.lower()


_SPELLING: dict[Kind, Callable[[str], str]] = {
    Kind.IP: _ip,
    Kind.NETWORK: _network,
    Kind.PHONE: _phone,
    Kind.MAIL: _mail,
    Kind.ACCOUNT: str,
    Kind.DEVICE: str,
}
