"""The catalogue's part of the closed list of audit tags."""

from core.audit import declare

PRICE_SET = "price:set"
PRICE_REMOVED = "price:removed"
PRICE_FOLLOWED = "price:followed"
PRICING_EDITED = "price:rule_edited"
SKU_HELD = "sku:held"
PRODUCT_STATE = "product:state"
SKU_COST = "sku:cost"
CATALOGUE_IMPORTED = "catalogue:imported"
CATALOGUE_EDITED = "catalogue:edited"
BUNDLE_PARTS = "bundle:parts"
BUNDLES_IMPORTED = "bundles:imported"


def register() -> None:
    """Fill the socket; called once when the app is ready."""
    declare(PRICE_SET, "A price was set")
    declare(PRICE_REMOVED, "A price was taken out of its list")
    declare(PRICE_FOLLOWED, "A price followed its cost, or would not")
    declare(PRICING_EDITED, "A cost-plus rule or a level price was edited")
    declare(SKU_HELD, "A SKU was stopped by its cost, or goes on")
    declare(PRODUCT_STATE, "A product was put on sale, paused or retired")
    declare(SKU_COST, "The cost of a SKU was set by hand")
    declare(CATALOGUE_IMPORTED, "A catalogue file was imported")
    declare(CATALOGUE_EDITED, "A row of the catalogue was edited")
    declare(BUNDLE_PARTS, "What is inside a bundle was changed")
    declare(BUNDLES_IMPORTED, "A file of bundles was imported")
