"""Cost-plus rules and level prices are rows; an edit is audited, and what it touches follows."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Q

from catalog import snapshot
from catalog.audit_tags import PRICING_EDITED
from catalog.models import LevelPrice, PriceFollow, PriceRule, RuleScope, Sku
from core import audit
from core.tx import part


@part
def save_rule(*, rule: PriceRule, changed: Mapping[str, Any], now: datetime, acting: str) -> int:
    """Save a cost-plus rule; every price it is for, or was for, is looked at soon.

    Returns how many. The sweep does it (`follow_due`), so a rule for everything takes no long step.
    """
    rule.save()
    skus = Sku.objects.filter(in_scope(rule), currency=rule.price_list.currency)
    PriceFollow.objects.bulk_create(
        [
            PriceFollow(sku_id=key, price_list=rule.price_list)
            for key in skus.values_list("pk", flat=True)
        ],
        ignore_conflicts=True,
        batch_size=2000,
    )
    touched = PriceFollow.objects.filter(
        Q(rule=rule) | Q(price_list=rule.price_list, sku__in=skus.values("pk"))
    )
    number = touched.update(due_at=now)
    _trace(f"pricerule:{rule.pk}", changed, now=now, acting=acting)
    return number


@part
def save_level_price(
    *, row: LevelPrice, changed: Mapping[str, Any], now: datetime, acting: str
) -> None:
    """Save a level price; pages of members follow at once."""
    row.save()
    _trace(f"levelprice:{row.pk}", changed, now=now, acting=acting)


@part
def remove_pricing(*, row: LevelPrice | PriceRule, now: datetime, acting: str) -> None:
    """Take a rule or a level price away; prices that were set stay as they are."""
    subject = f"{row._meta.model_name}:{row.pk}"
    if isinstance(row, PriceRule):
        PriceFollow.objects.filter(rule=row).update(due_at=now)
    row.delete()
    _trace(subject, {"deleted": str(row)}, now=now, acting=acting)


def in_scope(rule: PriceRule) -> Q:
    """The SKUs a rule is for, whichever other rule may be nearer."""
    return {
        RuleScope.SKU: Q(pk=rule.sku_id),
        RuleScope.PRODUCT: Q(product_id=rule.product_id),
        RuleScope.CATEGORY: Q(product__category_id=rule.category_id),
        RuleScope.HEAT: Q(product__popularity__gte=rule.heat_from or 0),
        RuleScope.ALL: Q(),
    }[RuleScope(rule.scope)]


def _trace(subject: str, changed: Mapping[str, Any], *, now: datetime, acting: str) -> None:
    audit.record(tag=PRICING_EDITED, by=acting, subject=subject, after=dict(changed), now=now)
    snapshot.changed()
