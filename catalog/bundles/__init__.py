"""Bundles: several goods at one price. Plain values, choosing, and what the buyer is asked."""

from catalog.bundles.choose import PickError, chosen
from catalog.bundles.values import Bundle, Group, Part

__all__ = ["Bundle", "Group", "Part", "PickError", "chosen"]
