"""Plain values that the catalogue hands to pages and to the floors above: no ORM, no queries."""

from dataclasses import dataclass
from datetime import date, datetime

from catalog.bundles.values import Bundle
from catalog.inputs import InputSpec
from catalog.pricing import Reason


@dataclass(frozen=True, slots=True)
class ChannelView:
    """A channel as a request knows it. `id` is the row's key, for foreign keys above."""

    id: int
    public_id: str
    code: str
    name: str
    name_en: str
    hosts: tuple[str, ...]
    path_prefix: str
    theme: str
    currency: str
    price_lists: tuple[int, ...]
    commission_reserve_bp: int
    is_default: bool

    @property
    def pk(self) -> int:
        return self.id


@dataclass(frozen=True, slots=True)
class Limits:
    """How many one may buy; None is no limit. `who` is a WhoMayBuy value."""

    per_order: int
    per_buyer: int | None
    per_phone: int | None
    per_day: int | None
    who: str
    minimum_level: int


@dataclass(frozen=True, slots=True)
class Validity:
    """How long the goods are good for; `kind` is a ValidityKind value."""

    kind: str
    days: int | None
    months: int | None
    starts: date | None
    ends: date | None


@dataclass(frozen=True, slots=True)
class Offer:
    """One SKU as offered in a channel at a moment; money in minor units of `currency`.

    `list_minor` is the price of one unit, `unit_minor` of each of the quantity asked for,
    `floor_minor` the lowest lawful price. `state_ok` says whether it may be sold now; `stock`
    is not promised by `availability`, the hold decides. `until` is when the price may change.
    `single_minor` is what one unit alone costs this buyer; `member_minor` the lower price that a
    higher level pays, if any does.
    """

    sku_id: int
    sku_public_id: str
    sku_code: str
    sku_title: str
    sku_title_en: str
    product_id: int
    product_public_id: str
    product_slug: str
    product_title: str
    product_title_en: str
    brand: str
    brand_en: str
    hue: int
    product_type: str
    delivery_kind: str
    stock_mode: str
    binding: str
    validity: Validity
    inputs: tuple[InputSpec, ...]
    limits: Limits
    guide: str
    guide_en: str
    refund_policy: str
    currency: str
    list_minor: int
    unit_minor: int
    market_minor: int | None
    face_minor: int | None
    cost_minor: int | None
    floor_minor: int
    reasons: tuple[Reason, ...]
    until: datetime | None
    availability: str
    state_ok: bool
    single_minor: int = 0
    member_minor: int | None = None
    # What is inside, when it is a bundle.
    bundle: Bundle | None = None
    # Everything it may be named by in a rule: "sku:…", "product:…", "category:…", "brand:…", "tag:…".
    names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class TagView:
    slug: str
    name: str
    name_en: str


@dataclass(frozen=True, slots=True)
class ProductPage:
    """A product with its offers, in the order in which they are shown."""

    product_id: int
    public_id: str
    slug: str
    title: str
    title_en: str
    summary: str
    summary_en: str
    brand: str
    brand_en: str
    brand_slug: str
    hue: int
    category_slug: str
    category: str
    category_en: str
    tags: tuple[TagView, ...]
    delivery_kind: str
    refund_policy: str
    inputs: tuple[InputSpec, ...]
    guide: str
    guide_en: str
    offers: tuple[Offer, ...]
    state: str
    created_at: datetime
    popularity: int
    position: int
    until: datetime | None

    @property
    def lowest(self) -> Offer | None:
        """The offer to lead with: the cheapest that can be had, else the cheapest."""
        best = [offer for offer in self.offers if offer.availability != "out"] or list(self.offers)
        return min(best, key=lambda offer: (offer.unit_minor, offer.sku_id), default=None)

    @property
    def is_sold_out(self) -> bool:
        return bool(self.offers) and all(offer.availability == "out" for offer in self.offers)

    @property
    def sellable(self) -> bool:
        return any(offer.state_ok for offer in self.offers)
