"""Exchange codes in the back office: batches with their progress, and what codes became."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectWidget

from catalog.admin.base import MinorField
from core import clock
from core.admin.base import Badge, ReadOnlyAdmin, actor
from core.admin.who import who
from core.money import format_minor
from fulfillment.admin.timeline import table
from orders.admin.drafts import DraftAdmin
from orders.admin.orders import ReasonForm
from orders.models import Exchange, ExchangeBatch, ExchangeCode
from orders.prizes import PRIZES, kind_words
from orders.services.exchange.export_exchange import MAX_ROWS, ExportRefused, request_export
from orders.services.exchange.open_batch import (
    ACT,
    SET_UP,
    CannotOpen,
    change_batch,
    judge,
    request_codes,
)
from orders.services.lotteries.hand_over import settle_exchange
from orders.states import BatchState
from risk.admin.confirm import confirm

BADGES = {
    "draft": "warning", "making": "info", "live": "success", "frozen": "danger", "ended": "default",
}  # fmt: skip
EXCHANGE_BADGES = {"waiting": "warning", "done": "success", "settled": "info"}
EXPORT_ACT = "codes.export"
# The path of each act that changes a batch: to which state, its button, what will happen.
CHANGES: dict[str, tuple[str, Any, Any]] = {
    "freeze": (
        BatchState.FROZEN, _("Freeze"),
        _("None of its codes can be redeemed until it is thawed. What was redeemed stays."),
    ),
    "thaw": (BatchState.LIVE, _("Thaw"), _("Its codes can be redeemed again.")),
    "end": (
        BatchState.ENDED, _("End it for good"),
        _("No code of it can ever be redeemed again. What was redeemed stays."),
    ),
}  # fmt: skip


class HowMuch(MinorField):
    """So many pieces; in yuan where the kind is money, which is for the form to say."""

    money = False

    def prepare_value(self, value: Any) -> Any:
        return super().prepare_value(value) if self.money else value

    def to_python(self, value: Any) -> Any:
        amount = super().to_python(value) if self.money else forms.IntegerField().to_python(value)
        if amount is not None and amount < 1:
            raise forms.ValidationError(gettext("Not nothing."))
        return amount


class BatchForm(forms.ModelForm):
    """Kinds without anything to give are no goods of a code."""

    kind = forms.ChoiceField(label=_("kind"), widget=UnfoldAdminSelectWidget)
    amount = HowMuch(
        label=_("how much"), initial=1,
        help_text=_("Of a balance: its face value in yuan, such as 98.50. Else: so many pieces."),
    )  # fmt: skip

    class Meta:
        model = ExchangeBatch
        fields = (
            "name", "name_en", "channel", "kind", "sku", "ref", "amount", "cost_minor", "origin",
            "size", "per_person", "starts_at", "ends_at",
        )  # fmt: skip
        labels = {"size": _("number of codes")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "kind" in self.fields:
            choices = [(kind.key, kind.title) for kind in PRIZES if kind.give is not None]
            self.fields["kind"].choices = choices  # type: ignore[attr-defined]
        if "amount" in self.fields:
            key = self.data.get(self.add_prefix("kind")) if self.is_bound else self.instance.kind
            chosen = PRIZES.find(str(key))
            self.fields["amount"].money = chosen is not None and chosen.money  # type: ignore[attr-defined]


class RangeForm(ReasonForm):
    first = forms.IntegerField(
        label=_("From number"), min_value=1, initial=1, widget=UnfoldAdminIntegerFieldWidget
    )
    rows = forms.IntegerField(
        label=pgettext_lazy("coupons", "Codes"),
        min_value=1,
        max_value=MAX_ROWS,
        widget=UnfoldAdminIntegerFieldWidget,
    )
    field_order = ["first", "rows", "reason"]


@admin.register(ExchangeBatch)
class ExchangeBatchAdmin(DraftAdmin):
    """Batches of codes; making them takes two persons, and so does their file."""

    act = ACT
    tag = SET_UP
    form = BatchForm
    list_display = ["name", "state_badge", "progress", "used", "sku", "ends_at", "budget"]
    list_filter = ["state", "kind"]
    list_select_related = ["sku"]
    search_fields = ["=public_id", "name", "name_en", "sku__code"]
    autocomplete_fields = ["sku"]
    readonly_fields = ["public_id", "kind_shown", "amount_shown", "state_badge", "check_shown",
                       "made_by"]  # fmt: skip
    fieldsets: list[Any] = [
        (None, {"fields": [("name", "name_en"), "channel"]}),
        (
            _("What a code gives"),
            {"fields": [("kind", "sku"), ("amount", "ref"), ("cost_minor", "origin")]},
        ),
        (_("How many, and when"), {"fields": [("size", "per_person"), ("starts_at", "ends_at")]}),
        (_("How it stands"), {"fields": ["check_shown", "state_badge", ("public_id", "made_by")]}),
    ]
    actions_detail = ["ask_for_codes", "ask_for_file", "freeze", "thaw", "end"]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """The kind in words where it is no longer chosen."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or obj.state == BatchState.DRAFT:
            return fieldsets
        first, (title, gives), *rest = fieldsets
        (_kind, sku), (_amount, ref), *more = gives["fields"]
        shown = [("kind_shown", sku), ("amount_shown", ref), *more]
        return [first, (title, {"fields": shown}), *rest]

    @display(description=_("kind"))
    def kind_shown(self, row: ExchangeBatch) -> str:
        return kind_words(row.kind)

    @display(description=_("how much"))
    def amount_shown(self, row: ExchangeBatch) -> str:
        kind = PRIZES.find(row.kind)
        money = kind is not None and kind.money
        return format_minor(row.amount, row.currency) if money else f"{row.amount:,}"

    @display(description=_("State"), label=BADGES)
    def state_badge(self, row: ExchangeBatch) -> Badge:
        return Badge(row.state, row.get_state_display())

    @display(description=_("made"))
    def progress(self, row: ExchangeBatch) -> str:
        return f"{row.made} / {row.size} · {row.percent} %"

    @display(description=_("redeemed"))
    def used(self, row: ExchangeBatch) -> int:
        return Exchange.objects.filter(batch=row).count()

    @display(description=_("Budget"))
    def budget(self, row: ExchangeBatch) -> str:
        return format_minor(row.budget_minor, row.currency)

    @display(description=_("made by"))
    def made_by(self, row: ExchangeBatch) -> str:
        return who(row.by) if row.by else "–"

    @display(description="")
    def check_shown(self, row: ExchangeBatch) -> SafeString | str:
        if row._state.adding:
            return gettext("Save once; then what it costs is computed here.")
        return table([
            (gettext("Budget"), format_minor(row.budget_minor, row.currency)),
            (gettext("Codes made"), self.progress(row)),
            (gettext("Redeemed so far"), str(self.used(row))),
            (gettext("Can its codes be made?"), _verdict(row)),
        ])  # fmt: skip

    @action(description=_("Ask for its codes…"), url_path="ask-for-codes")
    def ask_for_codes(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row = get_object_or_404(ExchangeBatch, pk=object_id)

        def run(data: dict[str, Any]) -> str:
            try:
                request_codes(
                    batch=row.public_id, by=actor(request).removeprefix("user:"),
                    reason=data["reason"], now=clock.now(),
                )  # fmt: skip
            except CannotOpen as cannot:
                raise ValidationError(cannot.words) from None
            return gettext("A second person has to agree.")

        text = gettext(
            "Once another person agrees, %(codes)s codes are made in the background. All of them"
            " together may cost %(budget)s."
        ) % {"codes": row.size, "budget": format_minor(row.budget_minor, row.currency)}
        return self.ask(request, row, gettext("Ask for it"), text, run)

    @action(description=_("Ask for a file…"), url_path="ask-for-file")
    def ask_for_file(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row = get_object_or_404(ExchangeBatch, pk=object_id)

        def run(data: dict[str, Any]) -> str:
            try:
                request_export(
                    batch=row.public_id, first=data["first"], rows=data["rows"],
                    by=actor(request).removeprefix("user:"), reason=data["reason"],
                    now=clock.now(),
                )  # fmt: skip
            except ExportRefused:
                raise ValidationError(gettext("There are no such codes to hand out.")) from None
            return gettext("Asked. It waits for a second person in the inbox.")

        text = gettext(
            "Another person must agree. The file carries your mark on every line, is locked with a"
            " password that only the other person sees, and can be downloaded once under Exports."
        )
        return self.ask(
            request, row, gettext("Ask for it"), text, run, form=RangeForm, act=EXPORT_ACT
        )

    @action(description=_("Freeze…"), url_path="freeze")
    def freeze(self, request: HttpRequest, object_id: int) -> HttpResponse:
        return self._change(request, object_id, "freeze")

    @action(description=_("Thaw…"), url_path="thaw")
    def thaw(self, request: HttpRequest, object_id: int) -> HttpResponse:
        return self._change(request, object_id, "thaw")

    @action(description=_("End it…"), url_path="end")
    def end(self, request: HttpRequest, object_id: int) -> HttpResponse:
        return self._change(request, object_id, "end")

    def _change(self, request: HttpRequest, object_id: int, name: str) -> HttpResponse:
        row = get_object_or_404(ExchangeBatch, pk=object_id)
        to, button, text = CHANGES[name]

        def run(data: dict[str, Any]) -> str:
            if not change_batch(
                batch=row.public_id, to=to, by=actor(request), why=data["reason"], now=clock.now()
            ):
                raise ValidationError(gettext("It is not in a state for that."))
            return gettext("Done.")

        return self.ask(request, row, str(button), str(text), run)


def _verdict(row: ExchangeBatch) -> str:
    try:
        judge(row, now=clock.now())
    except CannotOpen as cannot:
        return cannot.words
    return gettext("Yes. Ask for it; another person has to agree.")


@admin.register(Exchange)
class ExchangeAdmin(ReadOnlyAdmin):
    """Codes that were redeemed, by whom, and what each became."""

    list_display = ["created_at", "public_id", "batch", "number", "state_badge", "owner",
                    "result", "last_error"]  # fmt: skip
    list_filter = ["state", "batch"]
    list_select_related = ["batch", "code"]
    search_fields = ["=public_id", "=owner", "=result"]
    ordering = ["-id"]
    list_per_page = 50
    show_full_result_count = False
    fields = ["public_id", "batch", "number", "state_badge", "owner", "contact_masked", "result",
              "last_error", "tries", "created_at", "state_at"]  # fmt: skip
    readonly_fields = fields
    actions_detail = ["settle"]

    @display(description=_("State"), label=EXCHANGE_BADGES)
    def state_badge(self, row: Exchange) -> Badge:
        return Badge(row.state, row.get_state_display())

    @display(description=_("number"))
    def number(self, row: Exchange) -> int:
        code: ExchangeCode = row.code
        return code.number

    @action(description=_("Settle by hand…"), url_path="settle")
    def settle(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row = get_object_or_404(Exchange, pk=object_id)

        def run(data: dict[str, Any]) -> str:
            if not settle_exchange(
                exchange=row.public_id, by=actor(request), why=data["reason"], now=clock.now()
            ):
                raise ValidationError(gettext("It is handed over or settled already."))
            return gettext("Settled.")

        text = gettext(
            "Only when its owner has got it, or something they agreed to, in another way."
            " Say how; the code is not honored again."
        )
        return confirm(
            request, title=row.public_id, text=text, button=gettext("Settle"), run=run,
            form=ReasonForm, act="lotteries.settle",
            back=reverse("admin:orders_exchange_change", args=[row.pk]),
        )  # fmt: skip
