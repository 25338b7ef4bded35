from catalog.models.bundle import Bundle, BundleGroup, BundlePart
from catalog.models.channel import Channel
from catalog.models.page import HOME, Page, PageBlock
from catalog.models.price import Price, PriceList
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
    "InputField",
    "Page",
    "PageBlock",
    "Price",
    "PriceList",
    "Product",
    "ProductType",
    "SearchToken",
    "Sku",
    "Tag",
]
