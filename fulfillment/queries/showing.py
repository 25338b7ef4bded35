"""How a SKU is shown, whatever its price or state today: from the catalogue's snapshot."""

from dataclasses import dataclass
from typing import cast

from catalog import snapshot
from catalog.faces import Face, offer_face
from catalog.offers import Offer


@dataclass(frozen=True, slots=True)
class Shown:
    """Names and face of a SKU in one language."""

    face: Face
    title: str
    sku_title: str
    target_label: str
    guide: str


@dataclass(frozen=True, slots=True)
class _Drawn:
    """Just what a card face is drawn from."""

    hue: int
    brand: str
    brand_en: str
    product_title: str
    product_title_en: str
    sku_title: str
    sku_title_en: str
    delivery_kind: str
    face_minor: int | None
    currency: str


def shown(sku_id: int, language: str) -> Shown:
    """Names, face and guide of a SKU. No statement while the snapshot is warm."""
    snap = snapshot.current()
    sku = snap.skus[sku_id]
    product = snap.products[sku.product_id]
    kind, brand = snap.types[product.product_type_id], snap.brands[product.brand_id]
    english = language.startswith("en")
    drawn = _Drawn(
        brand.hue,
        brand.name,
        brand.name_en,
        product.name,
        product.name_en,
        sku.name,
        sku.name_en,
        kind.delivery_kind,
        sku.face_value_minor,
        sku.currency,
    )
    inputs = snap.inputs.get(kind.id, ())
    label = (inputs[0].label_en if english else inputs[0].label) if inputs else ""
    return Shown(
        # A face is drawn from these fields only; an offer would need a price in a channel.
        face=offer_face(cast(Offer, drawn), language),
        title=product.name_en if english else product.name,
        sku_title=sku.name_en if english else sku.name,
        target_label=label,
        guide=(product.guide_en or kind.guide_en) if english else (product.guide or kind.guide),
    )
