"""Campaigns that sell one good at a price of their own: what is the same at every such desk."""

from abc import abstractmethod
from datetime import datetime
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from catalog.queries import channel_by_code, default_channel, offer_by_id
from core import clock
from core.admin.base import Badge, actor
from core.money import format_minor
from fulfillment.admin.timeline import table
from orders.admin.drafts import DRAFT, DraftAdmin
from orders.margins import margin_in
from orders.services.promotions.campaign_subsidy import Subsidized, request_subsidy

BADGES = {"draft": "warning", "scheduled": "info", "live": "success", "ended": ""}


class PricedCampaignAdmin(DraftAdmin):
    """Price and times beside what they cost; a subsidy by two persons; the board; ended early."""

    maker = "created_by"
    # What two persons agree to, and the name of its public page's address.
    subsidy: ClassVar[Subsidized]
    public: ClassVar[str]
    # The usual price, and its own.
    prices: ClassVar[tuple[str | Promise, str | Promise]]
    # What the subsidy is for; what ends, and that it did.
    subsidy_words: ClassVar[str | Promise]
    end_words: ClassVar[tuple[str | Promise, str | Promise]]

    list_filter = ["state"]
    list_select_related = ["sku"]
    search_fields = ["=public_id", "slug", "name", "name_en", "=sku__code"]
    autocomplete_fields = ["sku"]
    prepopulated_fields = {"slug": ["name_en"]}
    readonly_fields = ["public_id", "state_badge", "sums", "board", "page"]
    shared_fieldsets: ClassVar[list[Any]] = [
        (_("What it costs"), {"fields": ["sums"]}),
        (_("Board"), {"fields": ["state_badge", "board", "page", "public_id"]}),
    ]

    @abstractmethod
    def counts(self, row: Any) -> list[tuple[str, int]]:
        """Of how many units the costs are shown: a name and a number for each column."""

    @abstractmethod
    def board_of(self, row: Any) -> str:
        """How it goes, once it is no draft."""

    @abstractmethod
    def end(self, row: Any, *, by: str, now: datetime, why: str) -> bool:
        """End it now; False when it has ended already."""

    @display(description=_("State"), label=BADGES)
    def state_badge(self, row: Any) -> Badge:
        return Badge(row.state, row.get_state_display())

    @display(description=_("price"), ordering="price_minor")
    def price(self, row: Any) -> str:
        return format_minor(row.price_minor, row.currency)

    @display(description="")
    def sums(self, row: Any) -> SafeString | str:
        """Both prices, cost, margin and subsidy of one unit, and of all that may be sold."""
        channel = channel_by_code(row.channels[0]) if row.channels else default_channel()
        offer = None
        if channel is not None and row.sku_id:
            offer = offer_by_id(row.sku_id, channel, clock.now())
        if channel is None or offer is None:
            return gettext("Save once; then cost and margin are shown here.")
        usual, own = self.prices
        sums = [(str(usual), offer.unit_minor), (str(own), row.price_minor)]
        if (cost := offer.cost_minor) is not None:
            left = margin_in(channel, paid_minor=row.price_minor, cost_minor=cost).left_minor
            sums += [(gettext("Cost"), cost), (gettext("Margin"), left or 0)]
        sums.append((gettext("Under the floor"), max(0, offer.floor_minor - row.price_minor)))
        counts = self.counts(row)
        lines = [("", *(title for title, _n in counts))]
        lines += [
            (title, *(format_minor(one * n, row.currency) for _title, n in counts))
            for title, one in sums
        ]
        agreed = self.subsidy.agreed(row)
        said = gettext("agreed to by two persons") if agreed else gettext("not agreed to")
        gap = [""] * (len(counts) - 2)
        lines.append(
            (gettext("Subsidy"), said, *gap, format_minor(row.subsidy_minor, row.currency))
        )
        return table(lines)

    @display(description="")
    def board(self, row: Any) -> str:
        return "–" if row._state.adding or row.state == DRAFT else self.board_of(row)

    @display(description=_("public page"))
    def page(self, row: Any) -> SafeString | str:
        if row._state.adding or row.state == DRAFT:
            return "–"
        address = reverse(self.public, args=[row.slug])
        return format_html('<a class="text-primary-600" href="{}">{}</a>', address, address)

    @action(description=_("Ask for the subsidy…"), url_path="ask-subsidy")
    def ask_subsidy(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row = get_object_or_404(self.model, pk=object_id)

        def run(data: dict[str, Any]) -> str:
            if row.state != DRAFT or not row.subsidy_minor:
                raise ValidationError(gettext("Only a draft with a subsidy budget needs this."))
            request_subsidy(
                self.subsidy, campaign=row.public_id, by=actor(request).removeprefix("user:"),
                reason=data["reason"], now=clock.now(),
            )  # fmt: skip
            return gettext("A second person has to agree.")

        sum_ = format_minor(row.subsidy_minor, row.currency)
        text = str(self.subsidy_words) % {"sum": sum_}
        return self.ask(request, row, gettext("Ask for it"), text, run)

    @action(description=_("End it now…"), url_path="end-now")
    def end_now(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row = get_object_or_404(self.model, pk=object_id)
        text, ended = self.end_words

        def run(data: dict[str, Any]) -> str:
            if not self.end(row, by=actor(request), now=clock.now(), why=data["reason"]):
                raise ValidationError(gettext("It has ended already."))
            return str(ended)

        return self.ask(request, row, pgettext("campaign", "End it"), str(text), run)
