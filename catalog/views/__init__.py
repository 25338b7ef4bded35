from catalog.views.listing import category, everything, search
from catalog.views.page import campaign, home
from catalog.views.preview import preview
from catalog.views.product import product
from catalog.views.robots import robots, sitemap
from catalog.views.viewed import forget, viewed

__all__ = [
    "campaign",
    "category",
    "everything",
    "forget",
    "home",
    "preview",
    "product",
    "robots",
    "search",
    "sitemap",
    "viewed",
]
