"""Flash sales in the back office: set up on one screen, watched while they run, ended early."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from catalog.admin.base import MinorFields
from catalog.queries import channel_by_code, default_channel, offer_by_id
from core import clock
from core.admin.base import Badge, actor
from core.money import format_minor
from fulfillment.admin.timeline import table
from orders.admin.drafts import DraftAdmin
from orders.margins import margin_in
from orders.models import FlashSale
from orders.queries.flash import count_units
from orders.services.flash.approve_flash import ACT, request_flash_subsidy
from orders.services.flash.flash_rule import subsidy_sha
from orders.services.flash.run_flash import NotCuttable, cut_flash, end_flash
from orders.states import FlashState

BADGES = {"draft": "warning", "scheduled": "info", "live": "success", "ended": ""}
REASONS = {
    "state": _("Only a draft is cut."),
    "over": _("Its time is over already."),
    "price": _("The good has no price in its channel, or is not on sale there."),
    "floor": _("It lies under the floor of prices; two persons have to agree to a subsidy first."),
    "stock": _("There are not so many free units in the pool."),
}


@admin.register(FlashSale)
class FlashSaleAdmin(MinorFields, DraftAdmin):
    """Price, units and times, beside what they cost; the board while it runs."""

    act = ACT
    tag = "flash:set_up"
    maker = "created_by"
    list_display = ["name", "state_badge", "sku", "price", "starts_at", "ends_at", "sold"]
    list_filter = ["state"]
    list_select_related = ["sku"]
    search_fields = ["=public_id", "slug", "name", "name_en", "=sku__code"]
    autocomplete_fields = ["sku"]
    prepopulated_fields = {"slug": ["name_en"]}
    readonly_fields = ["public_id", "state_badge", "sums", "board", "page"]
    fieldsets: list[Any] = [
        (None, {"fields": [("name", "name_en"), ("slug", "sku"), "channels"]}),
        (_("Price and units"), {"fields": [("price_minor", "subsidy_minor"), ("units", "per_person")]}),
        (_("When"), {"fields": [("starts_at", "ends_at"), ("hold_seconds", "admit_per_second")]}),
        (_("What it costs"), {"fields": ["sums"]}),
        (_("Board"), {"fields": ["state_badge", "board", "page", "public_id"]}),
    ]  # fmt: skip
    actions_detail = ["ask_subsidy", "cut", "end_now"]

    @display(description=_("State"), label=BADGES)
    def state_badge(self, row: FlashSale) -> Badge:
        return Badge(row.state, row.get_state_display())

    @display(description=_("price"), ordering="price_minor")
    def price(self, row: FlashSale) -> str:
        return format_minor(row.price_minor, row.currency)

    @display(description=_("paid / cut"))
    def sold(self, row: FlashSale) -> str:
        return f"{count_units(row.pk, clock.now()).paid} / {row.units}"

    @display(description="")
    def sums(self, row: FlashSale) -> SafeString | str:
        """Cost, margin and subsidy of one unit and of all."""
        channel = channel_by_code(row.channels[0]) if row.channels else default_channel()
        offer = None
        if channel is not None and row.sku_id:
            offer = offer_by_id(row.sku_id, channel, clock.now())
        if offer is None:
            return gettext("Save once; then cost and margin are shown here.")
        cost, gap = offer.cost_minor, max(0, offer.floor_minor - row.price_minor)
        approved = row.subsidy_minor > 0 and row.subsidy_sha == subsidy_sha(row)
        lines: list[tuple[str, str, str]] = [("", gettext("one unit"), gettext("all units"))]
        sums = [
            (gettext("Usual price"), offer.unit_minor),
            (gettext("Sale price"), row.price_minor),
        ]
        if cost is not None:
            left = margin_in(channel, paid_minor=row.price_minor, cost_minor=cost)  # type: ignore[arg-type]
            sums += [(gettext("Cost"), cost), (gettext("Margin"), left.left_minor or 0)]
        sums.append((gettext("Under the floor"), gap))
        lines += [
            (title, format_minor(one, row.currency), format_minor(one * row.units, row.currency))
            for title, one in sums
        ]
        said = gettext("agreed to by two persons") if approved else gettext("not agreed to")
        lines.append((gettext("Subsidy"), format_minor(row.subsidy_minor, row.currency), said))
        return table(lines)

    @display(description="")
    def board(self, row: FlashSale) -> SafeString | str:
        if row._state.adding or row.state == FlashState.DRAFT:
            return "–"
        units = count_units(row.pk, clock.now())
        return table(
            [
                (gettext("cut"), row.units), (gettext("to be had"), units.free),
                (gettext("held"), units.held), (gettext("paid"), units.paid),
                (gettext("returned"), units.returned),
            ]
        )  # fmt: skip

    @display(description=_("public page"))
    def page(self, row: FlashSale) -> SafeString | str:
        if row._state.adding or row.state == FlashState.DRAFT:
            return "–"
        address = reverse("orders:flash_sale", args=[row.slug])
        return format_html('<a class="text-primary-600" href="{}">{}</a>', address, address)

    @action(description=_("Ask for the subsidy…"), url_path="ask-subsidy")
    def ask_subsidy(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row = get_object_or_404(FlashSale, pk=object_id)

        def run(data: dict[str, Any]) -> str:
            if row.state != FlashState.DRAFT or not row.subsidy_minor:
                raise ValidationError(gettext("Only a draft with a subsidy budget needs this."))
            request_flash_subsidy(
                sale=row.public_id, by=actor(request).removeprefix("user:"),
                reason=data["reason"], now=clock.now(),
            )  # fmt: skip
            return gettext("A second person has to agree.")

        text = gettext("Once another person agrees, the sale may give %(sum)s under the floor.")
        text %= {"sum": format_minor(row.subsidy_minor, row.currency)}
        return self.ask(request, row, gettext("Ask for it"), text, run)

    @action(description=_("Cut the units…"), url_path="cut")
    def cut(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row = get_object_or_404(FlashSale, pk=object_id)

        def run(data: dict[str, Any]) -> str:
            try:
                units = cut_flash(sale=row.public_id, by=actor(request), now=clock.now())
            except NotCuttable as no:
                raise ValidationError(str(REASONS[no.reason])) from None
            return gettext("%(units)s units are cut; it starts by itself.") % {"units": units}

        text = gettext(
            "Stock for %(units)s units is set apart, price and times stand still from now on, and"
            " the sale starts by itself at its moment."
        )
        return self.ask(request, row, gettext("Cut them"), text % {"units": row.units}, run)

    @action(description=_("End it now…"), url_path="end-now")
    def end_now(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row = get_object_or_404(FlashSale, pk=object_id)

        def run(data: dict[str, Any]) -> str:
            if not end_flash(
                sale=row.public_id, by=actor(request), now=clock.now(), why=data["reason"]
            ):
                raise ValidationError(gettext("It has ended already."))
            return gettext("It is over; what is left is everybody's again.")

        text = gettext(
            "No more orders at this price. Orders already placed may still be paid in their time."
        )
        return self.ask(request, row, gettext("End it"), text, run)
