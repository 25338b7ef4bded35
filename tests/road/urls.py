"""The map of the shop as the resolver knows it, so that no address is forgotten."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver

SLOT = re.compile(r"<(?:(?P<kind>[a-z]+):)?(?P<name>[a-z_]+)>")


@dataclass(frozen=True, slots=True)
class Address:
    """One pattern: its whole route with slots, and its name with namespace."""

    route: str
    name: str

    @property
    def slots(self) -> dict[str, str]:
        """Name of each slot → its converter."""
        return {found["name"]: found["kind"] or "str" for found in SLOT.finditer(self.route)}

    def path(self, **values: str) -> str:
        return "/" + SLOT.sub(lambda found: values[found["name"]], self.route)


def addresses(
    resolver: URLResolver | None = None, before: str = "", space: str = ""
) -> Iterator[Address]:
    """Every pattern under the root."""
    for entry in (resolver or get_resolver()).url_patterns:
        route = before + str(entry.pattern).removeprefix("^").removesuffix(r"\Z").removesuffix("$")
        if isinstance(entry, URLPattern):
            yield Address(route, f"{space}{entry.name or ''}")
        else:
            inner = f"{entry.namespace}:" if entry.namespace else space
            yield from addresses(entry, route, inner)


def shop_addresses() -> list[Address]:
    """Addresses of our own floors' pages."""
    ours = ("orders:", "fulfillment:", "accounts:", "catalog:")
    return [found for found in addresses() if found.name.startswith(ours)]


def back_office_addresses() -> list[Address]:
    """Addresses under /admin/, except those through which anybody comes in or goes."""
    open_to_all = {"admin:login", "admin:logout", "admin:jsi18n"}
    return [
        found
        for found in addresses()
        if found.route.startswith("admin/") and found.name not in open_to_all
    ]
