"""Orders of outside channels beside ours, and how their results were told."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import action, display

from core import clock
from core.admin.base import Badge, ReadOnlyAdmin, actor
from core.money import format_minor
from distribution.marketplaces.words import SAID
from distribution.models import MarketOrder, MarketPush
from distribution.services.push_results import push_again
from fulfillment.admin.timeline import changes
from orders.models import Order
from risk.admin.confirm import confirm

ORDER_LABELS = {"received": "info", "accepted": "info", "done": "success", "failed": "warning",
                "refused": "danger"}  # fmt: skip
KINDS = {"card": _("Card code"), "direct": _("Top-up")}
PUSH_LABELS = {"waiting": "info", "acknowledged": "success", "dead": "danger", "replaced": ""}


class PushInline(TabularInline):
    model = MarketPush
    hide_title = True
    fields = ["public_id", "result", "state", "tries", "last_error", "state_at"]
    readonly_fields = fields
    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(MarketOrder)
class MarketOrderAdmin(ReadOnlyAdmin):
    """What an outside channel ordered, what became of it, and what it was charged."""

    list_display = ["created_at", "marketplace", "number", "state_badge", "sku", "quantity",
                    "delivered", "charged", "our_order"]  # fmt: skip
    list_filter = ["marketplace", "state", "kind", "created_at"]
    list_select_related = ["marketplace"]
    search_fields = ["=number", "=public_id", "=order"]
    search_help_text = _("Its number, ours, or our order")
    list_per_page = 50
    show_full_result_count = False
    fieldsets = [
        (None, {"fields": [("number", "marketplace"), "state_badge", "why_refused", "our_order"]}),
        (_("Goods"), {"fields": [("sort", "sku"), ("quantity", "delivered")]}),
        (_("Money"), {"fields": [("total", "credited", "charged"), "at_most"]}),
        (_("Timeline"), {"fields": ["timeline"]}),
    ]
    inlines = [PushInline]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["number", "marketplace", "state_badge", "why_refused", "our_order", "sort", "sku",
                "quantity", "delivered", "total", "credited", "charged", "at_most", "timeline"]  # fmt: skip

    @display(description=_("State"), label=ORDER_LABELS)
    def state_badge(self, row: MarketOrder) -> Badge:
        return Badge(row.state, row.get_state_display())

    @display(description=_("SKU"), ordering="goods")
    def sku(self, row: MarketOrder) -> str:
        return row.goods

    @display(description=_("Kind"))
    def sort(self, row: MarketOrder) -> str:
        return str(KINDS[row.kind])

    @display(description=_("Refused because"))
    def why_refused(self, row: MarketOrder) -> str:
        return f"{row.refusal} {SAID.get(row.refusal, '')}".strip() if row.refusal else "–"

    @display(description=_("Our order"))
    def our_order(self, row: MarketOrder) -> SafeString | str:
        ours = Order.objects.filter(public_id=row.order).values_list("pk", flat=True).first()
        if ours is None:
            return "–"
        link = reverse("admin:orders_order_change", args=[ours])
        return format_html('<a href="{}">{}</a>', link, row.order)

    @display(description=_("Price"))
    def total(self, row: MarketOrder) -> str:
        return format_minor(row.total_minor, row.currency)

    @display(description=_("Given back"))
    def credited(self, row: MarketOrder) -> str:
        return format_minor(row.credited_minor, row.currency)

    @display(description=_("Charged"))
    def charged(self, row: MarketOrder) -> str:
        return format_minor(row.total_minor - row.credited_minor, row.currency)

    @display(description=_("It would pay at most"))
    def at_most(self, row: MarketOrder) -> str:
        return "–" if row.limit_minor is None else format_minor(row.limit_minor, row.currency)

    @display(description=_("Timeline"))
    def timeline(self, row: MarketOrder) -> SafeString | str:
        pushes = row.pushes.order_by("id").values_list("public_id", flat=True)
        return changes(row.public_id, *pushes)


@admin.register(MarketPush)
class MarketPushAdmin(ReadOnlyAdmin):
    """Results on their way to outside channels."""

    list_display = ["created_at", "channel", "order", "result", "state_badge", "tries",
                    "last_error", "not_before"]  # fmt: skip
    list_filter = ["state", "order__marketplace", "created_at"]
    list_select_related = ["order__marketplace"]
    search_fields = ["=public_id", "=order__number"]
    list_per_page = 50
    show_full_result_count = False
    fields = ["public_id", "channel", "order", "result", "state_badge", "tries", "last_error",
              "created_at", "state_at", "not_before"]  # fmt: skip
    readonly_fields = fields
    actions_detail = ["again"]

    @display(description=_("outside channel"))
    def channel(self, row: MarketPush) -> str:
        return row.order.marketplace.name

    @display(description=_("State"), label=PUSH_LABELS)
    def state_badge(self, row: MarketPush) -> Badge:
        return Badge(row.state, row.get_state_display())

    @action(description=_("Push again…"), url_path="again")
    def again(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row = get_object_or_404(MarketPush, pk=object_id)

        def run(_data: dict[str, Any]) -> str:
            if push_again(push=row.public_id, by=actor(request), now=clock.now()):
                return gettext("It goes out again within seconds.")
            return gettext("It is on its way already, or a later result took its place.")

        return confirm(
            request,
            title=row.order.number,
            text=gettext("The same result is sent once more, until the channel acknowledges it."),
            button=gettext("Push again"),
            back=reverse("admin:distribution_marketpush_change", args=[row.pk]),
            run=run,
            act="market.push",
        )
