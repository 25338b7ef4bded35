"""What is inside a bundle: written as a whole, and checked as a whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from catalog import snapshot
from catalog.audit_tags import BUNDLE_PARTS
from catalog.bundles.cost import bundle_cost
from catalog.models import BundleGroup, BundlePart, Price, Sku
from catalog.services.index_products import index_products
from catalog.states import DeliveryKind
from core import audit
from core.money import format_minor
from core.tx import part


class BundleRefused(ValueError):
    """This cannot be a bundle; the message is translated and says why."""


@dataclass(frozen=True, slots=True)
class GroupOf:
    """A group as it is wanted: all of its parts, or `choose` different ones. Parts: SKU key, units."""

    choose: int | None
    parts: Sequence[tuple[int, int]]
    name: str = ""
    name_en: str = ""


@part
def save_bundle(
    *,
    sku_id: int,
    groups: Sequence[GroupOf],
    now: datetime,
    acting: str,
    price_follows: bool = False,
) -> bool:
    """Make these groups the contents of a bundle; returns whether anything changed.

    Orders keep what they were sold with. With `price_follows` the caller sets a price and calls
    `check_bundle` in the same transaction; otherwise it raises BundleRefused as that does.
    """
    bundle = Sku.objects.select_for_update().get(pk=sku_id)
    before = _contents(bundle)
    if before == [
        [group.choose, group.name, group.name_en, [list(one) for one in group.parts]]
        for group in groups
    ]:
        return False
    bundle.groups.all().delete()
    for position, group in enumerate(groups):
        row = BundleGroup.objects.create(
            bundle=bundle, position=position, name=group.name, name_en=group.name_en,
            choose=group.choose,
        )  # fmt: skip
        BundlePart.objects.bulk_create(
            BundlePart(group=row, sku_id=part_id, quantity=units, position=place)
            for place, (part_id, units) in enumerate(group.parts)
        )
    if not price_follows:
        check_bundle(sku_id=sku_id)
    record_contents(sku_id=sku_id, before=before, now=now, acting=acting)
    return True


@part
def check_bundle(*, sku_id: int) -> None:
    """See that what is written inside a bundle can be sold, at every price that stands for it.

    Raises BundleRefused: nothing inside, something twice, a bundle in a bundle, another currency,
    a choice that is none, or a price under the cost of the dearest choice (C3, Floor).
    """
    bundle = Sku.objects.select_related("product__product_type").get(pk=sku_id)
    if bundle.product.product_type.delivery_kind != DeliveryKind.BUNDLE:
        raise BundleRefused(_("“%(code)s” is not of a bundle's type.") % {"code": bundle.code})
    groups = list(bundle.groups.prefetch_related("parts__sku__product__product_type"))
    parts = [one for group in groups for one in group.parts.all()]
    _refuse_parts(bundle, parts)
    for group in groups:
        number = len(group.parts.all())
        if not number or (group.choose is not None and group.choose > number):
            raise BundleRefused(
                _("A group needs at least as many goods as the buyer chooses, and one.")
            )
    _refuse_prices(bundle)


@part
def record_contents(*, sku_id: int, before: object, now: datetime, acting: str) -> None:
    """After the contents changed: audit, search, and every process's pages follow."""
    bundle = Sku.objects.get(pk=sku_id)
    audit.record(
        tag=BUNDLE_PARTS, by=acting, subject=f"sku:{bundle.public_id}",
        before={"groups": before}, after={"groups": _contents(bundle)}, now=now,
    )  # fmt: skip
    index_products(product_ids=[bundle.product_id])
    snapshot.changed()


def _contents(bundle: Sku) -> list[list[object]]:
    return [
        [
            group.choose,
            group.name,
            group.name_en,
            [[p.sku_id, p.quantity] for p in group.parts.all()],
        ]
        for group in bundle.groups.prefetch_related("parts")
    ]


def _refuse_parts(bundle: Sku, parts: Sequence[BundlePart]) -> None:
    if not parts:
        raise BundleRefused(_("Nothing is inside."))
    if len({one.sku_id for one in parts}) != len(parts):
        raise BundleRefused(_("A SKU stands inside twice; give it a quantity instead."))
    for one in parts:
        if one.sku.product.product_type.delivery_kind == DeliveryKind.BUNDLE:
            raise BundleRefused(_("“%(code)s” is a bundle itself.") % {"code": one.sku.code})
        if one.sku.currency != bundle.currency:
            raise BundleRefused(_("“%(code)s” is in another currency.") % {"code": one.sku.code})


def _refuse_prices(bundle: Sku) -> None:
    cost = bundle_cost(bundle.pk) or 0
    under = Price.objects.filter(sku=bundle, amount_minor__lt=cost).order_by("amount_minor").first()
    if under is not None:
        raise BundleRefused(
            _("The price of %(price)s is under what the dearest choice costs: %(cost)s.")
            % {
                "price": format_minor(under.amount_minor, bundle.currency),
                "cost": format_minor(cost, bundle.currency),
            }
        )
