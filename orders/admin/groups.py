"""Group buys in the back office: set up on one screen, switched on, watched, ended."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
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
from fulfillment.admin.timeline import table
from orders.admin.priced import PricedCampaignAdmin
from orders.models import BuyGroup, GroupBuy, GroupSeat
from orders.services.groups.approve_group_buy import ACT, GROUP_SUBSIDY
from orders.services.groups.run_group_buy import NotStartable, end_group_buy, start_group_buy
from orders.states import BuyGroupState

GROUP_BADGES = {"open": "info", "full": "success", "expired": ""}
SEAT_BADGES = {"held": "warning", "paid": "success", "left": ""}
REASONS = {
    "state": _("Only a draft is switched on."),
    "over": _("Its time is over already."),
    "price": _("The good has no price in its channel, or is not on sale there."),
    "dear": _("In a group it must cost less than alone."),
    "floor": _("It lies under the floor of prices; two persons have to agree to a subsidy first."),
}


@admin.register(GroupBuy)
class GroupBuyAdmin(PricedCampaignAdmin):
    """Price, size and times, beside what they cost; the board while it runs."""

    act = ACT
    tag = "group:set_up"
    subsidy = GROUP_SUBSIDY
    public = "orders:group_buy"
    prices = (_("Alone"), _("In a group"))
    subsidy_words = _("Once another person agrees, its groups may give %(sum)s under the floor.")
    end_words = (
        _(
            "No new group can be opened. Groups that are open may still fill until their own"
            " deadline; after it their members get the money back."
        ),
        _("No group can be opened any more."),
    )
    list_display = ["name", "state_badge", "sku", "price", "size", "starts_at", "ends_at", "full"]
    fieldsets: list[Any] = [
        (None, {"fields": [("name", "name_en"), ("slug", "sku"), "channels"]}),
        (_("Price and seats"), {"fields": [
            ("price_minor", "subsidy_minor"), ("size", "hours"), ("most_groups", "per_person")]}),
        (_("When"), {"fields": [("starts_at", "ends_at")]}),
        *PricedCampaignAdmin.shared_fieldsets,
    ]  # fmt: skip
    actions_detail = ["ask_subsidy", "switch_on", "end_now"]

    @display(description=_("groups full / open / at most"))
    def full(self, row: GroupBuy) -> str:
        full = row.groups.filter(state=BuyGroupState.FULL).count()
        return f"{full} / {row.opened - full} / {row.most_groups}"

    def counts(self, row: GroupBuy) -> list[tuple[str, int]]:
        return [
            (gettext("one seat"), 1), (gettext("one group"), row.size),
            (gettext("all groups"), row.size * row.most_groups),
        ]  # fmt: skip

    def board_of(self, row: GroupBuy) -> str:
        groups = row.groups
        counts = [
            (str(label), groups.filter(state=value).count())
            for value, label in BuyGroupState.choices
        ]
        seats = GroupSeat.objects.filter(group__buy=row)
        counts += [
            (gettext("seats paid"), seats.filter(state="paid").count()),
            (gettext("seats not paid yet"), seats.filter(state="held").count()),
        ]
        address = reverse("admin:orders_buygroup_changelist")
        link = format_html(
            '<a class="text-primary-600" href="{}?buy__id__exact={}">{}</a>',
            address, row.pk, gettext("See its groups"),
        )  # fmt: skip
        return table([*counts, (link, "")])

    def end(self, row: GroupBuy, *, by: str, now: datetime, why: str) -> bool:
        return end_group_buy(buy=row.public_id, by=by, now=now, why=why)

    @action(description=_("Switch it on…"), url_path="switch-on")
    def switch_on(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row = get_object_or_404(GroupBuy, pk=object_id)

        def run(data: dict[str, Any]) -> str:
            try:
                start_group_buy(buy=row.public_id, by=actor(request), now=clock.now())
            except NotStartable as no:
                raise ValidationError(str(REASONS[no.reason])) from None
            return gettext("It is on; groups can be opened from its start on.")

        text = gettext(
            "Price, size and hours stand still from now on. Buyers pay %(price)s each; who is not"
            " in a group of %(size)s within %(hours)s hours gets the money back by itself."
        ) % {
            "price": format_minor(row.price_minor, row.currency), "size": row.size,
            "hours": row.hours,
        }  # fmt: skip
        return self.ask(request, row, gettext("Switch it on"), text, run)


class SeatInline(TabularInline):
    """Who sits in a group, and who has left it."""

    model = GroupSeat
    extra = 0
    can_delete = False
    fields = ["order_link", "mask", "seat_badge", "taken_at"]
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @display(description=_("order"))
    def order_link(self, row: GroupSeat) -> SafeString:
        address = reverse("admin:orders_order_change", args=[row.order_id])
        return format_html(
            '<a class="text-primary-600" href="{}">{}</a>', address, row.order.public_id
        )

    @display(description=_("State"), label=SEAT_BADGES)
    def seat_badge(self, row: GroupSeat) -> Badge:
        return Badge(row.state, row.get_state_display())


@admin.register(BuyGroup)
class BuyGroupAdmin(ReadOnlyAdmin):
    """Every group of buyers, the newest first."""

    list_display = ["public_id", "buy", "state_badge", "seats_shown", "opened_at", "deadline"]
    list_filter = ["state", "buy"]
    list_select_related = ["buy"]
    search_fields = ["=public_id", "=seats__order__public_id"]
    ordering = ["-id"]
    list_per_page = 50
    show_full_result_count = False
    fields = ["public_id", "buy", "state_badge", "seats_shown", "opened_at", "deadline", "link"]
    readonly_fields = fields
    inlines = [SeatInline]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[BuyGroup], search_term: str
    ) -> tuple[QuerySet[BuyGroup], bool]:
        if not search_term:
            return queryset, False
        term = search_term.strip()
        found = BuyGroup.objects.filter(Q(public_id=term) | Q(seats__order__public_id=term))
        return queryset.filter(pk__in=found.values("pk")), False

    @display(description=_("State"), label=GROUP_BADGES)
    def state_badge(self, row: BuyGroup) -> Badge:
        return Badge(row.state, row.get_state_display())

    @display(description=_("paid / taken / seats"))
    def seats_shown(self, row: BuyGroup) -> str:
        return f"{row.paid} / {row.taken} / {row.size}"

    @display(description=_("public page"))
    def link(self, row: BuyGroup) -> SafeString:
        address = reverse("orders:group", args=[row.public_id])
        return format_html('<a class="text-primary-600" href="{}">{}</a>', address, address)
