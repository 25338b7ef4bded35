"""Outside channels: who buys from us by signed calls, up to which limit, and what they owe."""

import json
from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from catalog.admin.base import require
from core import clock
from core.admin.base import Badge, ReadOnlyAdmin, actor
from core.money import BadMoney, format_minor, parse_minor
from core.outside import Inside
from distribution.admin.forms import (
    ConnectionForm,
    DayForm,
    LimitForm,
    NewMarketForm,
    NoteForm,
    PaymentForm,
)
from distribution.admin.keys import KeyInline
from distribution.marketplaces.statement import statement_text
from distribution.models import Marketplace
from distribution.queries.account import left_minor, moves_of_day, owed_minor
from distribution.services.book_payment import AlreadyBooked, book_payment
from distribution.services.make_key import TooManyKeys, make_key
from distribution.services.save_market import (
    BadMarket,
    Connection,
    make_market,
    save_market,
    switch_market,
)
from distribution.services.set_limit import BadLimit, ask_for_limit
from distribution.states import MarketState
from fulfillment.suppliers.options import BadOptions
from risk.admin.confirm import confirm

MANAGE, LIMIT, BOOK, STATEMENT = (
    "market.manage", "market.limit", "market.book", "market.statement",
)  # fmt: skip
LIST = "admin:distribution_marketplace_changelist"


@admin.register(Marketplace)
class MarketplaceAdmin(ReadOnlyAdmin):
    """Connection, keys, switch, limit and account of each outside channel."""

    list_display = ["name", "code", "channel", "state_badge", "owed", "left", "callback_url"]
    list_filter = ["state"]
    list_select_related = ["channel"]
    search_fields = ["name", "code"]
    fieldsets = [
        (None, {"fields": ["name", "code", "channel", "state_badge", "created_at"]}),
        (_("Account"), {"fields": ["owed", "limit", "left"]}),
        (_("Connection"), {"fields": ["ours", "callback_url", "addresses", "recipe"]}),
    ]
    inlines = [KeyInline]
    actions_list = ["make_new"]
    actions_detail = [
        "switch", "connect", "key", "ask_limit",
        {"title": _("More"), "items": ["book", "statement"]},
    ]  # fmt: skip

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [name for _title, part in self.fieldsets for name in part["fields"]]

    @display(description=_("State"), label={"on": "success", "off": "danger"})
    def state_badge(self, row: Marketplace) -> Badge:
        return Badge(row.state, row.get_state_display())

    @display(description=_("Owes us"))
    def owed(self, row: Marketplace) -> str:
        return format_minor(owed_minor(row), row.currency)

    @display(description=_("May still order for"))
    def left(self, row: Marketplace) -> str:
        return format_minor(left_minor(row), row.currency)

    @display(description=_("Credit limit"))
    def limit(self, row: Marketplace) -> str:
        return format_minor(row.credit_limit_minor, row.currency)

    @display(description=_("It calls us at"))
    def ours(self, row: Marketplace) -> str:
        return reverse("distribution:market", args=["cardOrder"]).removesuffix("cardOrder")

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        return [
            path("make/", view(self.make_page), name="distribution_market_make"),
            *super().get_urls(),
        ]

    @action(description=_("Open an outside channel…"), url_path="make-new")
    def make_new(self, request: HttpRequest) -> HttpResponse:
        require(request, MANAGE)
        return HttpResponseRedirect(reverse("admin:distribution_market_make"))

    def make_page(self, request: HttpRequest) -> HttpResponse:
        def run(data: dict[str, Any]) -> str:
            channel, code = data.pop("channel"), data.pop("code")
            _told(
                lambda: make_market(
                    code=code, channel=channel.code, connection=Connection(**data),
                    by=actor(request), now=clock.now(),
                )
            )  # fmt: skip
            return gettext("Opened. Now give it a key, and ask for a limit.")

        return confirm(
            request,
            title=gettext("An outside channel"),
            text=gettext("It may order once it has a key, and for as much as its limit allows."),
            button=gettext("Open it"),
            back=reverse(LIST),
            run=run,
            form=NewMarketForm,
            act=MANAGE,
        )

    @action(description=_("Change connection…"), url_path="connect")
    def connect(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row = get_object_or_404(Marketplace, pk=object_id)

        def run(data: dict[str, Any]) -> str:
            now = clock.now()
            _told(
                lambda: save_market(
                    code=row.code, connection=Connection(**data), by=actor(request), now=now
                )
            )
            return gettext("Saved.")

        known = {name: getattr(row, name) for name in ("name", "callback_url", "addresses")}
        recipe = json.dumps(row.recipe, ensure_ascii=False) if row.recipe else ""
        return confirm(
            request,
            title=row.name,
            text=gettext("Its calls are read, and results told to it, in the new way at once."),
            button=gettext("Save"),
            back=_page(row),
            run=run,
            form=ConnectionForm,
            initial={**known, "recipe": recipe},
            act=MANAGE,
        )

    @action(description=_("Switch on or off…"), url_path="switch")
    def switch(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row = get_object_or_404(Marketplace, pk=object_id)
        on = row.state != MarketState.ON

        def run(data: dict[str, Any]) -> str:
            switch_market(
                code=row.code, on=on, by=actor(request), note=data["note"], now=clock.now()
            )
            return gettext("Switched on.") if on else gettext("Switched off.")

        text = (
            gettext("It may order and ask again.") if on
            else gettext("None of its calls is answered any more. What it ordered goes on.")
        )  # fmt: skip
        return confirm(
            request,
            title=row.name,
            text=text,
            button=gettext("Switch on") if on else gettext("Switch off"),
            back=_page(row),
            run=run,
            form=NoteForm,
            act=MANAGE,
        )

    @action(description=_("Make a key…"), url_path="key")
    def key(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """A yes, then the secret in the answer itself: it is kept nowhere it could be read again."""
        require(request, MANAGE)
        row = get_object_or_404(Marketplace, pk=object_id)
        made, trouble = None, ""
        if request.method == "POST":
            try:
                made = make_key(market=row.code, by=actor(request), now=clock.now())
            except TooManyKeys:
                trouble = gettext("Two keys are good already. End one of them first.")
        context = {
            **admin.site.each_context(request),
            "title": gettext("A key of %(name)s") % {"name": row.name},
            "made": made,
            "trouble": trouble,
            "back": _page(row),
        }
        answer = TemplateResponse(request, "admin/distribution/key.html", context)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @action(description=_("Ask for a limit…"), url_path="limit")
    def ask_limit(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row = get_object_or_404(Marketplace, pk=object_id)

        def run(data: dict[str, Any]) -> str:
            try:
                ask_for_limit(
                    code=row.code, limit_minor=parse_minor(data["amount"], row.currency),
                    by=actor(request).removeprefix("user:"), reason=data["why"], now=clock.now(),
                )  # fmt: skip
            except BadLimit:
                raise ValidationError(
                    {"amount": gettext("It owes more than that already, or it is no such amount.")}
                ) from None
            except BadMoney:
                raise ValidationError({"amount": gettext("This is not an amount.")}) from None
            return gettext("Asked. It waits for a second person in the inbox.")

        return confirm(
            request,
            title=row.name,
            text=gettext("Another person must agree. Until then the old limit holds."),
            button=gettext("Ask for the change"),
            back=_page(row),
            run=run,
            form=LimitForm,
            act=LIMIT,
        )

    @action(description=_("Book a payment…"), url_path="book")
    def book(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row = get_object_or_404(Marketplace, pk=object_id)

        def run(data: dict[str, Any]) -> str:
            try:
                minor = parse_minor(data["amount"], row.currency)
                book_payment(
                    code=row.code, amount_minor=minor, number=data["number"], by=actor(request),
                    now=clock.now(),
                )  # fmt: skip
            except AlreadyBooked:
                text = gettext("This payment is booked already.")
                raise ValidationError({"number": text}) from None
            except (BadMoney, ValueError):
                raise ValidationError({"amount": gettext("This is not an amount.")}) from None
            return gettext("Booked.")

        return confirm(
            request,
            title=row.name,
            text=gettext("Debits the bank and lowers what the channel owes us."),
            button=gettext("Book"),
            back=_page(row),
            run=run,
            form=PaymentForm,
            act=BOOK,
        )

    @action(description=_("Statement…"), url_path="statement")
    def statement(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Every movement of a day, as a file."""
        require(request, STATEMENT)
        row = get_object_or_404(Marketplace, pk=object_id)
        form = DayForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            day = form.cleaned_data["day"]
            text = statement_text(moves_of_day(row, day), row.currency)
            name = f"{row.code}-{day.isoformat()}.csv"
            return HttpResponse(
                "\ufeff" + text, content_type="text/csv; charset=utf-8",
                headers={"Content-Disposition": f'attachment; filename="{name}"'},
            )  # fmt: skip
        context = {
            **admin.site.each_context(request), "title": row.name, "form": form, "back": _page(row),
            "text": gettext("Every order, refund and payment of a day, with the balance after it."),
            "button": gettext("Download"),
        }  # fmt: skip
        return TemplateResponse(request, "admin/risk/confirm.html", context)


def _page(row: Marketplace) -> str:
    return reverse("admin:distribution_marketplace_change", args=[row.pk])


def _told(run: Any) -> None:
    """A refusal of the services becomes a sentence beside its field."""
    try:
        run()
    except Inside as error:
        text = gettext("Only public addresses with https are called.")
        raise ValidationError({"callback_url": text}) from error
    except BadOptions as error:
        raise ValidationError({"recipe": str(error)}) from error
    except BadMarket as error:
        raise ValidationError({error.field: gettext("This cannot be used here.")}) from error
