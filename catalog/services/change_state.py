"""A product's life: draft, scheduled, on sale, paused, retired."""

from datetime import datetime

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from catalog import snapshot
from catalog.audit_tags import PRODUCT_STATE
from catalog.models import Price, Product, Sku
from catalog.states import PRODUCT_TRANSITIONS, ProductState
from core import audit, transitions
from core.tx import part


class StateRefused(ValueError):
    """The product cannot go there from where it is; the message is translated."""


@part
def change_state(*, product_id: int, to: str, now: datetime, acting: str, why: str = "") -> None:
    """Move a product to another state, with history and audit.

    On sale needs at least one offered SKU, and each offered SKU a price; scheduled needs a start
    date. Raises StateRefused, also when somebody else moved it first.
    """
    target = ProductState(to)
    product = Product.objects.get(pk=product_id)
    allowed = [was for was, after in PRODUCT_TRANSITIONS.items() if target.value in after]
    if product.state not in allowed:
        raise StateRefused(
            _("“%(name)s” is %(state)s and cannot become %(target)s.")
            % {"name": product.name, "state": product.get_state_display(), "target": target.label}
        )
    if target == ProductState.SCHEDULED and product.on_sale_from is None:
        raise StateRefused(
            _("Set the date from which “%(name)s” is on sale.") % {"name": product.name}
        )
    if target in (ProductState.ON_SALE, ProductState.SCHEDULED):
        _refuse_unsellable(product, now)
    if not transitions.move(
        Product, product.pk, from_=allowed, to=target.value, now=now, by=acting, why=why
    ):
        raise StateRefused(_("Somebody else changed “%(name)s” just now.") % {"name": product.name})
    audit.record(
        tag=PRODUCT_STATE,
        by=acting,
        subject=f"product:{product.public_id}",
        before={"state": product.state},
        after={"state": target.value, "why": why},
        now=now,
    )
    snapshot.changed()


def _refuse_unsellable(product: Product, now: datetime) -> None:
    offered = Sku.objects.filter(product=product, is_active=True)
    if not offered.exists():
        raise StateRefused(_("“%(name)s” has no SKU to sell.") % {"name": product.name})
    priced = Price.objects.filter(sku=OuterRef("pk"), min_quantity=1).filter(
        Q(ends_at__isnull=True) | Q(ends_at__gt=now)
    )
    bare = offered.filter(~Exists(priced)).values_list("code", flat=True)
    if bare:
        raise StateRefused(
            _("These SKUs have no price: %(codes)s.") % {"codes": ", ".join(bare[:10])}
        )
