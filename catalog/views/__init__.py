from catalog.views.listing import category, everything, search
from catalog.views.page import campaign, home, preview
from catalog.views.product import product
from catalog.views.robots import robots, sitemap

__all__ = [
    "campaign",
    "category",
    "everything",
    "home",
    "preview",
    "product",
    "robots",
    "search",
    "sitemap",
]
