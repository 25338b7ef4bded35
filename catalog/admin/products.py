from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, Min, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import action, display

from catalog.admin.base import CatalogAdmin, MinorFields, link, require
from catalog.admin.importing import wizard
from catalog.admin.states import ACT, MOST_AT_ONCE, ask
from catalog.models import Price, Product, Sku
from catalog.states import Availability, ProductState
from core import clock, transitions
from core.admin.base import actor
from core.money import format_minor


class SkuForm(forms.ModelForm):
    """A SKU that is not priced cannot be offered by a product that is on sale."""

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        product = self.instance.product if self.instance.product_id else None
        if product is None or product.state != ProductState.ON_SALE or not data.get("is_active"):
            return data
        if (
            not self.instance.pk
            or not Price.objects.filter(sku=self.instance, min_quantity=1).exists()
        ):
            self.add_error("is_active", gettext("Set a price first, then offer it."))
        return data


class SkuInline(MinorFields, TabularInline):
    """The SKUs in a line each; price, limits and cost are on the SKU's own page."""

    model = Sku
    form = SkuForm
    extra = 0
    show_change_link = True
    ordering_field = "position"
    fields = [
        "code", "name", "name_en", "face_value_minor", "market_price_minor", "stock_mode", "price",
        "stock", "is_active", "position",
    ]  # fmt: skip
    readonly_fields = ["price", "stock"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Orders name SKUs for ever; one is taken out of the offer instead."""
        return False

    @display(description=_("Price"))
    def price(self, sku: Sku) -> str:
        row = (
            sku.prices.filter(min_quantity=1, starts_at__isnull=True)
            .order_by("price_list_id")
            .first()
        )
        return format_minor(row.amount_minor, row.currency) if row else "–"

    @display(description=_("Availability"))
    def stock(self, sku: Sku) -> str:
        return str(Availability(sku.availability).label)


@admin.register(Product)
class ProductAdmin(CatalogAdmin):
    """What is sold: find it, set it up in the order of the job, put it on sale or take it off."""

    list_display = [
        "name",
        "brand",
        "category",
        "product_type",
        "state_badge",
        "sku_number",
        "from_price",
        "page",
    ]
    list_filter = [
        "state",
        ("category", RelatedDropdownFilter),
        ("brand", RelatedDropdownFilter),
        ("product_type", RelatedDropdownFilter),
        ("tags", RelatedDropdownFilter),
        "skus__availability",
    ]
    list_filter_submit = True
    list_select_related = ["brand", "category", "product_type"]
    search_fields = [
        "name",
        "name_en",
        "slug",
        "brand__name",
        "brand__name_en",
        "=skus__code",
        "=public_id",
    ]
    search_help_text = _("Name, brand, exact SKU code or product id")
    autocomplete_fields = ["brand", "category", "product_type", "tags"]
    prepopulated_fields = {"slug": ["name_en"]}
    readonly_fields = ["state_text", "public_id", "created_at", "popularity", "page"]
    inlines = [SkuInline]
    actions = ["sell_all", "pause_all"]
    actions_list = ["import_file"]
    actions_detail = ["sell", "schedule", "pause", "retire"]
    fieldsets = [
        (_("What it is"), {"fields": [("name", "name_en"), "slug", ("brand", "category"), "product_type", "tags"]}),
        (_("When it is sold"), {"fields": ["state_text", "on_sale_from", "on_sale_until", "page"]}),
        (_("What people read"), {"fields": [("summary", "summary_en"), "guide", "guide_en"]}),
        (_("Record"), {"fields": ["position", ("public_id", "created_at", "popularity")], "classes": ["collapse"]}),
    ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = (
            super()
            .get_queryset(request)
            .annotate(
                sku_count=Count("skus", distinct=True), lowest=Min("skus__prices__amount_minor")
            )
        )
        return rows

    def products_of(self, obj: Any) -> list[int]:
        return [obj.pk] if obj.pk else []

    def save_model(self, request: HttpRequest, obj: Product, form: Any, change: Any) -> None:
        now = clock.now()
        if not change:
            obj.created_at = now
        super().save_model(request, obj, form, change)
        if not change:
            transitions.begin(
                entity="product", subject=obj.public_id, state=obj.state, now=now, by=actor(request)
            )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A product that was ever shown is retired, not deleted."""
        deletable = obj is None or obj.state == ProductState.DRAFT
        return deletable and bool(super().has_delete_permission(request, obj))

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        own = [
            path("state/<slug:to>/", view(self.change_many), name="catalog_product_states"),
            path("import/", view(wizard), name="catalog_import"),
        ]
        return [*own, *super().get_urls()]

    @display(
        description=_("State"),
        label={
            "draft": "info",
            "scheduled": "info",
            "on_sale": "success",
            "paused": "warning",
            "retired": "danger",
        },
    )
    def state_badge(self, product: Product) -> tuple[str, str]:
        return product.state, product.get_state_display()

    @display(description=_("State"))
    def state_text(self, product: Product) -> str:
        return product.get_state_display()

    @display(description=_("SKUs"), ordering="sku_count")
    def sku_number(self, product: Any) -> int:
        return int(product.sku_count)

    @display(description=_("Price from"), ordering="lowest")
    def from_price(self, product: Any) -> str:
        return format_minor(product.lowest) if product.lowest is not None else "–"

    @display(description=_("Page"))
    def page(self, product: Product) -> SafeString | str:
        if not product.pk:
            return "–"
        url = reverse("catalog:product", args=[product.slug])
        return link(url, url)

    @action(description=_("Import a file…"), url_path="import-file")
    def import_file(self, request: HttpRequest) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:catalog_import"))

    @action(description=_("Put on sale…"), url_path="sell")
    def sell(self, request: HttpRequest, object_id: int) -> HttpResponse:
        return self._ask(request, object_id, ProductState.ON_SALE)

    @action(description=_("Schedule…"), url_path="schedule")
    def schedule(self, request: HttpRequest, object_id: int) -> HttpResponse:
        return self._ask(request, object_id, ProductState.SCHEDULED)

    @action(description=_("Pause…"), url_path="pause")
    def pause(self, request: HttpRequest, object_id: int) -> HttpResponse:
        return self._ask(request, object_id, ProductState.PAUSED)

    @action(description=_("Retire…"), url_path="retire")
    def retire(self, request: HttpRequest, object_id: int) -> HttpResponse:
        return self._ask(request, object_id, ProductState.RETIRED)

    @admin.action(description=_("Put the chosen on sale…"))
    def sell_all(self, request: HttpRequest, queryset: QuerySet[Product]) -> HttpResponse:
        return self._ask_many(request, queryset, ProductState.ON_SALE)

    @admin.action(description=_("Pause the chosen…"))
    def pause_all(self, request: HttpRequest, queryset: QuerySet[Product]) -> HttpResponse:
        return self._ask_many(request, queryset, ProductState.PAUSED)

    def change_many(self, request: HttpRequest, to: str) -> HttpResponse:
        """The confirmation page of an act on several products (`?ids=1,2,3`)."""
        require(request, ACT)
        ids = [int(part) for part in request.GET.get("ids", "").split(",") if part.isdigit()][
            :MOST_AT_ONCE
        ]
        products = list(Product.objects.filter(pk__in=ids))
        back = reverse("admin:catalog_product_changelist")
        if not products or to not in ProductState.values:
            messages.warning(request, gettext("Nothing was chosen."))
            return HttpResponseRedirect(back)
        return ask(request, products, ProductState(to), back)

    def _ask(self, request: HttpRequest, object_id: int, to: ProductState) -> HttpResponse:
        product = get_object_or_404(Product, pk=object_id)
        return ask(
            request, [product], to, reverse("admin:catalog_product_change", args=[product.pk])
        )

    def _ask_many(
        self, request: HttpRequest, queryset: QuerySet[Product], to: ProductState
    ) -> HttpResponse:
        ids = ",".join(str(pk) for pk in queryset.values_list("pk", flat=True)[:MOST_AT_ONCE])
        return HttpResponseRedirect(
            reverse("admin:catalog_product_states", args=[to.value]) + f"?ids={ids}"
        )
