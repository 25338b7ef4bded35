"""F22: an address the client invents is not believed."""

from typing import Any

import pytest
from django.test import RequestFactory

from risk.requests import client_ip


@pytest.mark.parametrize(
    ("hops", "header", "expected"),
    [
        (0, "1.2.3.4", "10.0.0.9"),
        (0, "", "10.0.0.9"),
        (1, "1.2.3.4, 203.0.113.5", "203.0.113.5"),
        (1, "1.2.3.4", "1.2.3.4"),
        (2, "6.6.6.6, 203.0.113.5, 10.1.1.1", "203.0.113.5"),
        (2, "203.0.113.5", "10.0.0.9"),
        (1, "not an address", "10.0.0.9"),
        (1, "203.0.113.5:4711", "203.0.113.5"),
        (1, "[2001:db8::1]:443", "2001:db8::1"),
        (1, "::ffff:203.0.113.5", "203.0.113.5"),
        (1, "x" * 100_000, "10.0.0.9"),
    ],
)
def test_only_our_own_proxies_are_believed(
    settings: Any, hops: int, header: str, expected: str
) -> None:
    settings.TRUSTED_PROXY_HOPS = hops
    request = RequestFactory().get("/", REMOTE_ADDR="10.0.0.9", HTTP_X_FORWARDED_FOR=header)
    assert client_ip(request) == expected


def test_no_address_at_all() -> None:
    request = RequestFactory().get("/", REMOTE_ADDR="")
    assert client_ip(request) == "0.0.0.0"
