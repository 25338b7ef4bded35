"""Addresses that messages and givers pass on; the token leaves the address bar at the first look."""

from django.conf import settings
from django.urls import reverse


def site(path: str) -> str:
    """A path of ours as an address for a message."""
    return f"{settings.SITE_URL}{path}"


def gift_address(gift: str, token: str) -> str:
    """Where a friend opens a gift."""
    return site(f"{reverse('fulfillment:gift', args=[gift])}?t={token}")


def link_address(link: str, token: str) -> str:
    """Where a one-time link shows its code."""
    return site(f"{reverse('fulfillment:code_link', args=[link])}?t={token}")


def kept_address(entitlement: str, token: str) -> str:
    """By which a guest comes back to what was accepted without an account."""
    return site(f"{reverse('fulfillment:entitlement', args=[entitlement])}?t={token}")


def wallet_address() -> str:
    """Where a person sees everything owned."""
    return site(reverse("fulfillment:wallet"))
