"""What a SKU leaves at its standing price, after cost, fee and commission: a column, a filter, a warning."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import (
    BigIntegerField,
    Case,
    ExpressionWrapper,
    F,
    OuterRef,
    QuerySet,
    Subquery,
    When,
)
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from catalog.fees import fee_bp
from catalog.models import Price, Sku
from catalog.pricing import Margin, fee_of
from catalog.pricing.margin import WHOLE_BP
from catalog.queries import default_channel
from core.money import format_minor

MARGIN_LABELS = {"loss": "danger", "thin": "warning", "fine": "success"}
#: Under this share of the price a margin is thin.
THIN_BP = 200


def not_ours_bp() -> int:
    """Of a price, what the dearest payment fee and the default channel's commission take; basis points."""
    return fee_bp() + default_channel().commission_reserve_bp


def with_margin(rows: QuerySet[Any]) -> QuerySet[Any]:
    """SKUs with `list_now` and `left_minor`; None where price or cost is not known."""
    standing = Price.objects.filter(sku=OuterRef("pk"), min_quantity=1, starts_at__isnull=True)
    price = Subquery(standing.order_by("price_list_id").values("amount_minor")[:1])
    # As catalog.pricing.fee_of: a fraction of a fee counts whole.
    fee = (F("list_now") * not_ours_bp() + (WHOLE_BP - 1)) / WHOLE_BP
    left = ExpressionWrapper(F("list_now") - F("cost_minor") - fee, output_field=BigIntegerField())
    found: QuerySet[Any] = rows.annotate(list_now=price).annotate(left_minor=left)
    return found


def kind_of(sku: Any) -> str:
    """Loss, thin or fine, of an annotated SKU."""
    if sku.left_minor < 0:
        return "loss"
    return "thin" if sku.left_minor * WHOLE_BP < sku.list_now * THIN_BP else "fine"


def margin_text(sku: Any) -> str:
    """The amount and its share of the price."""
    shown = format_minor(sku.left_minor, sku.currency)
    return f"{shown} · {sku.left_minor * 100 / sku.list_now:.1f} %" if sku.list_now else shown


def warn_of_loss(request: HttpRequest, sku: Sku, row: Price) -> None:
    """A price over its cost may still lose money to fee and commission; the floor does not know that."""
    margin = Margin(row.amount_minor, sku.cost_minor, fee_of(row.amount_minor, not_ours_bp()))
    if margin.left_minor is not None and margin.left_minor < 0:
        text = gettext(
            "%(price)s bears the cost, but not payment fee and commission: every sale loses %(loss)s."
        )
        messages.warning(
            request,
            text
            % {
                "price": format_minor(row.amount_minor, sku.currency),
                "loss": format_minor(-margin.left_minor, sku.currency),
            },
        )


class MarginFilter(admin.SimpleListFilter):
    """Where money is lost or hardly made."""

    title = _("margin now")
    parameter_name = "margin"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("loss", _("Loses money")),
            ("thin", _("Under 2 per cent")),
            ("fine", _("2 per cent and more")),
            ("unknown", _("Not known")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        thin = Case(
            When(list_now__isnull=False, then=F("list_now") * THIN_BP / WHOLE_BP),
            output_field=BigIntegerField(),
        )
        found = {
            "loss": lambda rows: rows.filter(left_minor__lt=0),
            "thin": lambda rows: rows.filter(left_minor__gte=0, left_minor__lt=thin),
            "fine": lambda rows: rows.filter(left_minor__gte=thin),
            "unknown": lambda rows: rows.filter(left_minor__isnull=True),
        }.get(self.value() or "")
        return queryset if found is None else found(queryset)
