from catalog.models.bundle import Bundle, BundleGroup, BundlePart
from catalog.models.channel import Channel
from catalog.models.levelprice import LevelPrice
from catalog.models.page import HOME, Page, PageBlock
from catalog.models.price import Price, PriceList
from catalog.models.pricerule import FollowOutcome, OnBreach, PriceFollow, PriceRule, RuleScope
from catalog.models.product import Product, Sku
from catalog.models.search import SearchToken
from catalog.models.shelf import Brand, Category, Tag
from catalog.models.stock import ChannelShelf
from catalog.models.type import InputField, ProductType

__all__ = [
    "HOME",
    "Brand",
    "Bundle",
    "BundleGroup",
    "BundlePart",
    "Category",
    "Channel",
    "ChannelShelf",
    "FollowOutcome",
    "InputField",
    "LevelPrice",
    "OnBreach",
    "Page",
    "PageBlock",
    "Price",
    "PriceFollow",
    "PriceList",
    "PriceRule",
    "Product",
    "ProductType",
    "RuleScope",
    "SearchToken",
    "Sku",
    "Tag",
]
