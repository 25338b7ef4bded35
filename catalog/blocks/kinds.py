"""The catalogue's own kinds of page blocks, in the order in which they are offered."""

from catalog.blocks.banner import BANNER
from catalog.blocks.base import BLOCK_KINDS
from catalog.blocks.cards import CARDS
from catalog.blocks.categories import CATEGORIES
from catalog.blocks.countdown import COUNTDOWN
from catalog.blocks.fragments import FRAGMENTS, Fragment
from catalog.blocks.heading import HEADING
from catalog.blocks.hero import HERO
from catalog.blocks.live import COUPONS, FLASH, RECOMMENDED, VIEWED
from catalog.blocks.rail import RAIL
from catalog.blocks.text import TEXT

KINDS = {
    "hero": HERO,
    "banner": BANNER,
    "rail": RAIL,
    "cards": CARDS,
    "categories": CATEGORIES,
    "countdown": COUNTDOWN,
    "coupons": COUPONS,
    "flash": FLASH,
    "recommended": RECOMMENDED,
    "viewed": VIEWED,
    "text": TEXT,
    "heading": HEADING,
}


def register() -> None:
    """Fill the sockets; called once when the app is ready."""
    for key, kind in KINDS.items():
        BLOCK_KINDS.register(key, kind)
    FRAGMENTS.register("viewed", Fragment("catalog:viewed", "catalog:viewed"))
