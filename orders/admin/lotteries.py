"""Lotteries in the back office: set up on one screen, opened by two persons, watched while they run."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminSelectWidget

from accounts.roles import may
from catalog.admin.base import MinorFields
from core import clock
from core.admin.base import Badge, ReadOnlyAdmin, actor
from core.admin.who import who
from core.money import format_minor
from fulfillment.admin.timeline import table
from orders.admin.drafts import DraftAdmin
from orders.admin.orders import ReasonForm
from orders.models import Award, ChanceRule, Draw, Lottery, Prize
from orders.prizes import PRIZES, kind_words
from orders.queries.lotteries import cost_of, prizes_left
from orders.services.lotteries.close_lottery import close_lottery
from orders.services.lotteries.hand_over import settle_award
from orders.services.lotteries.open_lottery import (
    ACT,
    SET_UP,
    CannotOpen,
    judge,
    request_opening,
)
from orders.states import LotteryState
from risk.admin.confirm import confirm

BADGES = {"draft": "warning", "open": "success", "closed": "info", "revealed": "default"}
AWARD_BADGES = {"waiting": "warning", "done": "success", "settled": "info"}


class PrizeForm(forms.ModelForm):
    """The kind is one of those that some room of the shop can give."""

    kind = forms.ChoiceField(label=_("kind"), widget=UnfoldAdminSelectWidget)

    class Meta:
        model = Prize
        fields = (
            "position", "key", "name", "name_en", "kind", "sku", "ref", "amount", "odds", "stock",
            "cost_minor", "fallback",
        )  # fmt: skip
        labels = {"position": _("place"), "key": _("short name"), "ref": _("coupon")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(kind.key, kind.title) for kind in PRIZES if not kind.codes_only]
        self.fields["kind"].choices = choices  # type: ignore[attr-defined]


class _WhileDraft:
    """Lines of a lottery change only before it opens."""

    extra = 0

    def _allowed(self, request: HttpRequest, obj: Any) -> bool:
        draft = obj is None or obj.state == LotteryState.DRAFT
        return draft and may(request.user, ACT)  # type: ignore[arg-type]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._allowed(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._allowed(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._allowed(request, obj)


class PrizeInline(_WhileDraft, MinorFields, TabularInline):
    model = Prize
    form = PrizeForm
    autocomplete_fields = ["sku"]
    verbose_name_plural = _("Prize table, in its public order")
    readonly_fields = ["kind_shown"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """The kind in words where it is no longer chosen."""
        chosen = list(PrizeForm.Meta.fields)
        if not self._allowed(request, obj):
            chosen[chosen.index("kind")] = "kind_shown"
        return chosen

    @display(description=_("kind"))
    def kind_shown(self, row: Prize) -> str:
        return kind_words(row.kind)


class ChanceRuleForm(forms.ModelForm):
    class Meta:
        model = ChanceRule
        fields = ("source", "minimum_minor", "code", "active")
        labels = {"source": _("earned by"), "code": _("code word")}


class ChanceRuleInline(_WhileDraft, MinorFields, TabularInline):
    model = ChanceRule
    form = ChanceRuleForm


@admin.register(Lottery)
class LotteryAdmin(DraftAdmin):
    """Everything about a lottery on one screen; what it costs is computed as it stands."""

    act = ACT
    tag = SET_UP
    inlines = [PrizeInline, ChanceRuleInline]
    list_display = ["name", "state_badge", "starts_at", "ends_at", "drawn", "draws_most", "money"]
    list_filter = ["state"]
    search_fields = ["=public_id", "slug", "name", "name_en"]
    readonly_fields = ["public_id", "state_badge", "check_shown", "board", "pages", "made_by"]
    prepopulated_fields = {"slug": ["name_en"]}
    fieldsets: list[Any] = [
        (None, {"fields": [("name", "name_en"), ("slug", "channel"), ("starts_at", "ends_at")]}),
        (
            _("Odds, draws and money"),
            {"fields": [("whole", "draws_most"), ("a_person", "a_day"), "budget_minor"]},
        ),
        (_("Rules for people"), {"fields": ["rules", "rules_en"]}),
        (_("Can it open?"), {"fields": ["check_shown"]}),
        (_("Board"), {"fields": ["state_badge", "board", "pages", ("public_id", "made_by")]}),
    ]
    actions_detail = ["ask_to_open", "end_now"]

    @display(description=_("State"), label=BADGES)
    def state_badge(self, row: Lottery) -> Badge:
        return Badge(row.state, row.get_state_display())

    @display(description=_("expected / at most / budget"))
    def money(self, row: Lottery) -> str:
        cost = cost_of(row)
        amounts = (cost.expected_minor, cost.worst_minor, row.budget_minor)
        return " / ".join(format_minor(amount, "CNY") for amount in amounts)

    @display(description="")
    def check_shown(self, row: Lottery) -> SafeString | str:
        if row._state.adding:
            return gettext("Save once; then the odds and the cost are checked here.")
        cost = cost_of(row)
        odds = sum(prize.odds for prize in row.prizes.all())
        rows = [
            (gettext("Odds"), gettext("%(sum)s of %(whole)s") % {"sum": odds, "whole": row.whole}),
            (gettext("Expected cost of all draws"), format_minor(cost.expected_minor, "CNY")),
            (gettext("Cost at the worst"), format_minor(cost.worst_minor, "CNY")),
            (gettext("Budget"), format_minor(row.budget_minor, "CNY")),
            (gettext("Can it open?"), _verdict(row)),
        ]
        return table(rows)

    @display(description="")
    def board(self, row: Lottery) -> SafeString | str:
        if row._state.adding:
            return "–"
        said = gettext("%(drawn)s of %(most)s draws") % {"drawn": row.drawn, "most": row.draws_most}
        lines: list[tuple[Any, ...]] = [(said, "", "", "")]
        lines += [
            (one.prize.name, gettext("drawn %(n)s") % {"n": one.drawn},
             "∞" if one.left is None else gettext("%(n)s still left") % {"n": one.left},
             format_minor(one.drawn * one.prize.cost_minor, "CNY"))
            for one in prizes_left(row)
        ]  # fmt: skip
        return table(lines)

    @display(description=_("public page"))
    def pages(self, row: Lottery) -> SafeString | str:
        if row.state == LotteryState.DRAFT:
            return "–"
        address = reverse("orders:lottery", args=[row.slug])
        return format_html('<a class="text-primary-600" href="{}">{}</a>', address, address)

    @display(description=_("made by"))
    def made_by(self, row: Lottery) -> str:
        return who(row.by) if row.by else "–"

    @action(description=_("Ask for it to open…"), url_path="ask-to-open")
    def ask_to_open(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row = get_object_or_404(Lottery, pk=object_id)
        cost = cost_of(row)

        def run(data: dict[str, Any]) -> str:
            try:
                request_opening(
                    lottery=row.public_id, by=actor(request).removeprefix("user:"),
                    reason=data["reason"], now=clock.now(),
                )  # fmt: skip
            except CannotOpen as cannot:
                raise ValidationError(cannot.words) from None
            return gettext("A second person has to agree.")

        text = gettext(
            "Once another person agrees, the table and the budget are fixed and the seal is published."
            " Expected cost %(expected)s, at the worst %(worst)s, budget %(budget)s."
        ) % {
            "expected": format_minor(cost.expected_minor, "CNY"),
            "worst": format_minor(cost.worst_minor, "CNY"),
            "budget": format_minor(row.budget_minor, "CNY"),
        }
        return self.ask(request, row, gettext("Ask for it"), text, run)

    @action(description=_("End it now…"), url_path="end-now")
    def end_now(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row = get_object_or_404(Lottery, pk=object_id)

        def run(data: dict[str, Any]) -> str:
            if not close_lottery(
                lottery=row.public_id, by=actor(request), why=data["reason"], now=clock.now()
            ):
                raise ValidationError(gettext("It does not run."))
            return gettext("It is over; the secret number is published within a minute.")

        text = gettext("No more draws. Chances that were not used are void; prizes won are kept.")
        return self.ask(request, row, pgettext("campaign", "End it"), text, run)


def _verdict(row: Lottery) -> str:
    try:
        judge(row, now=clock.now())
    except CannotOpen as cannot:
        return cannot.words
    return gettext("Yes. Ask for it; another person has to agree.")


@admin.register(Draw)
class DrawAdmin(ReadOnlyAdmin):
    """Every draw in its order."""

    list_display = ["lottery", "number", "at", "prize", "owner", "public_id"]
    list_filter = ["lottery"]
    list_select_related = ["lottery", "prize"]
    search_fields = ["=public_id", "=owner"]
    ordering = ["-id"]
    list_per_page = 50
    show_full_result_count = False
    fields = ["public_id", "lottery", "number", "at", "client", "hit", "prize", "owner"]
    readonly_fields = fields


@admin.register(Award)
class AwardAdmin(ReadOnlyAdmin):
    """Prizes that were won, and what became of them."""

    list_display = ["created_at", "public_id", "prize", "state_badge", "owner", "result",
                    "last_error"]  # fmt: skip
    list_filter = ["state", "prize__kind"]
    list_select_related = ["prize"]
    search_fields = ["=public_id", "=owner", "=result"]
    ordering = ["-id"]
    list_per_page = 50
    show_full_result_count = False
    fields = ["public_id", "draw", "prize", "owner", "state_badge", "result", "last_error",
              "tries", "created_at", "state_at"]  # fmt: skip
    readonly_fields = fields
    actions_detail = ["settle"]

    @display(description=_("State"), label=AWARD_BADGES)
    def state_badge(self, row: Award) -> Badge:
        return Badge(row.state, row.get_state_display())

    @action(description=_("Settle by hand…"), url_path="settle")
    def settle(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row = get_object_or_404(Award, pk=object_id)

        def run(data: dict[str, Any]) -> str:
            if not settle_award(
                award=row.public_id, by=actor(request), why=data["reason"], now=clock.now()
            ):
                raise ValidationError(gettext("It is handed over or settled already."))
            return gettext("Settled.")

        text = gettext(
            "Only when the winner has got it, or something they agreed to, in another way."
            " Say how; the prize is not given again."
        )
        return confirm(
            request, title=row.public_id, text=text, button=gettext("Settle"), run=run,
            form=ReasonForm, act="lotteries.settle",
            back=reverse("admin:orders_award_change", args=[row.pk]),
        )  # fmt: skip
