"""Where a request really comes from."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest

UNKNOWN = "0.0.0.0"  # noqa: S104  a value, not an address to listen on


def client_ip(request: HttpRequest) -> str:
    """The address of the client, in one spelling; `0.0.0.0` when there is none.

    With TRUSTED_PROXY_HOPS = n the n-th entry of X-Forwarded-For from the right is taken: the one
    our outermost proxy wrote. What stands further left was sent by the client and is not believed;
    with n = 0 the header is not read at all (R-LIM).
    """
    hops: int = settings.TRUSTED_PROXY_HOPS
    if hops > 0:
        entries = request.headers.get("x-forwarded-for", "").split(",")
        if len(entries) >= hops and (address := _clean(entries[-hops])):
            return address
    return _clean(request.META.get("REMOTE_ADDR", "")) or UNKNOWN


def _clean(text: str) -> str:
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return ""
    return str(getattr(address, "ipv4_mapped", None) or address)
