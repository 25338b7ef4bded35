"""Flash sales in the back office: set up on one screen, watched while they run, ended early."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from core import clock
from core.admin.base import actor
from fulfillment.admin.timeline import table
from orders.admin.priced import PricedCampaignAdmin
from orders.models import FlashSale
from orders.queries.flash import count_units
from orders.services.flash.approve_flash import ACT, FLASH_SUBSIDY
from orders.services.flash.run_flash import NotCuttable, cut_flash, end_flash

REASONS = {
    "state": _("Only a draft is cut."),
    "over": _("Its time is over already."),
    "price": _("The good has no price in its channel, or is not on sale there."),
    "floor": _("It lies under the floor of prices; two persons have to agree to a subsidy first."),
    "stock": _("There are not so many free units in the pool."),
}


@admin.register(FlashSale)
class FlashSaleAdmin(PricedCampaignAdmin):
    """Price, units and times, beside what they cost; the board while it runs."""

    act = ACT
    tag = "flash:set_up"
    subsidy = FLASH_SUBSIDY
    public = "orders:flash_sale"
    prices = (_("Usual price"), _("Sale price"))
    subsidy_words = _("Once another person agrees, the sale may give %(sum)s under the floor.")
    end_words = (
        _("No more orders at this price. Orders already placed may still be paid in their time."),
        _("It is over; what is left is everybody's again."),
    )
    list_display = ["name", "state_badge", "sku", "price", "starts_at", "ends_at", "sold"]
    fieldsets: list[Any] = [
        (None, {"fields": [("name", "name_en"), ("slug", "sku"), "channels"]}),
        (_("Price and units"), {"fields": [("price_minor", "subsidy_minor"), ("units", "per_person")]}),
        (_("When"), {"fields": [("starts_at", "ends_at"), ("hold_seconds", "admit_per_second")]}),
        *PricedCampaignAdmin.shared_fieldsets,
    ]  # fmt: skip
    actions_detail = ["ask_subsidy", "cut", "end_now"]

    @display(description=_("paid / cut"))
    def sold(self, row: FlashSale) -> str:
        return f"{count_units(row.pk, clock.now()).paid} / {row.units}"

    def counts(self, row: FlashSale) -> list[tuple[str, int]]:
        return [(gettext("one unit"), 1), (gettext("all units"), row.units)]

    def board_of(self, row: FlashSale) -> str:
        units = count_units(row.pk, clock.now())
        return table(
            [
                (gettext("cut"), row.units), (gettext("to be had"), units.free),
                (gettext("held"), units.held), (gettext("paid"), units.paid),
                (gettext("returned"), units.returned),
            ]
        )  # fmt: skip

    def end(self, row: FlashSale, *, by: str, now: datetime, why: str) -> bool:
        return end_flash(sale=row.public_id, by=by, now=now, why=why)

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
