from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from core import clock, ledger
from core.admin.base import Badge, ReadOnlyAdmin, actor
from core.admin.who import who
from core.models import Difference
from core.money import format_minor
from core.reconciliation.differences import (
    CLOSE,
    CORRECT,
    Correction,
    NotOpen,
    explain_difference,
    propose_correction,
    take_difference,
)
from core.reconciliation.runs import RUNS
from fulfillment.admin.timeline import changes
from risk.admin.confirm import Nothing, confirm

WORDS = {
    "kind": _("Kind"), "number": _("Our number"), "their_no": _("Their number"),
    "amount_minor": _("Amount"), "fee_minor": _("Fee"), "booked_minor": _("In our ledger"),
    "currency": _("Currency"), "state": _("State"), "subject": _("Our record"), "at": _("Time"),
    "day": _("Statement of"), "position": _("Line"), "problem": _("Problem"),
    "balance_minor": _("Balance"), "after_minor": _("Balance after"), "count": _("Number"),
}  # fmt: skip
STATE_LABELS = {"open": "danger", "proposed": "warning", "closed": "success"}


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("What you found out, and from whom"), max_length=400,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
    )  # fmt: skip


class CorrectionForm(ReasonForm):
    correction = forms.ChoiceField(label=_("Correction"), widget=UnfoldAdminSelectWidget)
    field_order = ("correction", "reason")


class OwnerFilter(admin.SimpleListFilter):
    title = _("with")
    parameter_name = "owner"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("me", _("with me")), ("nobody", _("with nobody"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        me = request.user.public_id  # type: ignore[union-attr]
        wanted = {"me": me, "nobody": ""}.get(self.value() or "")
        return queryset if wanted is None else queryset.filter(owner=wanted)


@admin.register(Difference)
class DifferenceAdmin(ReadOnlyAdmin):
    """Cases: what both sides say, who has it, for how long, and how it ends."""

    list_display = [
        "age",
        "kind_text",
        "about",
        "delta",
        "whose",
        "day",
        "with_whom",
        "state_badge",
    ]
    list_filter = ["state", "kind", OwnerFilter, "comparison__name", "comparison__party"]
    search_fields = ["=public_id", "=number", "=their_no", "=subject"]
    search_help_text = _("Exact number of ours or theirs, or the id of a case or record")
    list_select_related = ["comparison"]
    date_hierarchy = "comparison__day"
    ordering = ["-id"]
    list_per_page = 50
    fields = ["kind_text", "state_badge", "whose", "day", "delta", "sides", "next_step", "record",
              "with_whom", "age", "ending", "reason", "asked", "timeline"]  # fmt: skip
    readonly_fields = fields
    actions_detail = ["take", "explain", "correct"]

    @display(description=_("Difference"))
    def kind_text(self, case: Difference) -> str:
        return case.get_kind_display()

    @display(description=_("State"), label=STATE_LABELS)
    def state_badge(self, case: Difference) -> Badge:
        return Badge(case.state, case.get_state_display())

    @display(description=_("About"))
    def about(self, case: Difference) -> str:
        return f"{case.what} {case.number or case.their_no or case.subject}".strip()

    @display(description=_("They say more by"))
    def delta(self, case: Difference) -> str:
        return format_minor(case.delta_minor, case.currency) if case.delta_minor else "–"

    @display(description=_("Compared with"), ordering="comparison__party")
    def whose(self, case: Difference) -> str:
        checks = getattr(RUNS.find(case.comparison.name), "checks", None)
        check = checks.find(case.comparison.party) if checks else None
        return str(check.title) if check else case.comparison.party

    @display(description=_("Approval"))
    def asked(self, case: Difference) -> str:
        return case.approval or "–"

    @display(description=_("Day"), ordering="comparison__day")
    def day(self, case: Difference) -> str:
        return case.comparison.day.isoformat()

    @display(description=_("With"))
    def with_whom(self, case: Difference) -> str:
        return who(case.owner) if case.owner else gettext("nobody yet")

    @display(description=_("Age"), ordering="opened_at")
    def age(self, case: Difference) -> str:
        return timesince(case.opened_at, case.closed_at or clock.now(), depth=1)

    @display(description=_("How it ended"))
    def ending(self, case: Difference) -> str:
        if not case.closing or case.closed_at is None:
            return "–"
        return f"{case.get_closing_display()} · {who(case.closed_by)} · {case.closed_at:%Y-%m-%d %H:%M}"

    @display(description=_("Both sides"))
    def sides(self, case: Difference) -> SafeString:
        names = [name for name in WORDS if name in case.ours or name in case.theirs]
        rows = [
            {
                "name": WORDS[name], "ours": _text(name, case.ours, case.currency),
                "theirs": _text(name, case.theirs, case.currency),
                "same": case.ours.get(name) == case.theirs.get(name),
            }
            for name in names
        ]  # fmt: skip
        return render_to_string("admin/fulfillment/_sides.html", {"rows": rows})

    @display(description=_("Next step"))
    def next_step(self, case: Difference) -> str:
        run = RUNS.find(case.comparison.name)
        return str(run.next_step(case)) if run else ""

    @display(description=_("Our record"))
    def record(self, case: Difference) -> SafeString | str:
        wanted = case.subject or case.number
        if not wanted:
            return "–"
        if "_" not in wanted and case.comparison.name == "ledger":
            # A currency or an account's owner: there is nothing to trace.
            return wanted
        url = f"{reverse('admin:fulfillment_trace')}?q={wanted}"
        return format_html('<a class="text-primary-600" href="{}">{}</a>', url, wanted)

    @display(description=_("History"))
    def timeline(self, case: Difference) -> SafeString | str:
        return changes(case.public_id)

    @action(description=_("Take it…"), url_path="take")
    def take(self, request: HttpRequest, object_id: int) -> HttpResponse:
        case = get_object_or_404(Difference, pk=object_id)
        me: str = request.user.public_id  # type: ignore[union-attr]
        mine = case.owner == me

        def run(_data: dict[str, Any]) -> str:
            with _open_only():
                take_difference(
                    difference=case.public_id, owner="" if mine else me, by=actor(request),
                    now=clock.now(),
                )  # fmt: skip
            return gettext("It is with nobody now.") if mine else gettext("It is with you now.")

        text = (
            gettext("It goes back to nobody; somebody else may take it.") if mine
            else gettext("Others see that you are at it.")
        )  # fmt: skip
        return self._ask(
            request, case, CLOSE, text, run, gettext("Give it back") if mine else gettext("Take it")
        )

    @action(description=_("Close with a reason…"), url_path="explain")
    def explain(self, request: HttpRequest, object_id: int) -> HttpResponse:
        case = get_object_or_404(Difference, pk=object_id)

        def run(data: dict[str, Any]) -> str:
            with _open_only():
                explain_difference(
                    difference=case.public_id, reason=data["reason"], by=actor(request),
                    now=clock.now(),
                )  # fmt: skip
            return gettext("Closed.")

        text = gettext("No money is moved by this. The next comparison will not open it again.")
        return self._ask(request, case, CLOSE, text, run, gettext("Close"), form=ReasonForm)

    @action(description=_("Correct the ledger…"), url_path="correct")
    def correct(self, request: HttpRequest, object_id: int) -> HttpResponse:
        case = get_object_or_404(Difference.objects.select_related("comparison"), pk=object_id)
        choices = {each.key: each for each in _corrections(case)}

        def run(data: dict[str, Any]) -> str:
            chosen = choices.get(data["correction"])
            if chosen is None:
                raise ValidationError(gettext("There is no journal that would settle this."))
            with _open_only():
                propose_correction(
                    difference=case.public_id, correction=chosen, reason=data["reason"],
                    by=actor(request).removeprefix("user:"), now=clock.now(),
                )  # fmt: skip
            return gettext("Asked. Another person decides in the approvals inbox.")

        text = " ".join(
            [gettext("Another person must agree; then this journal is posted and the case closes.")]
            if choices
            else [gettext("There is no journal that would settle this: close it with a reason.")]
        )
        form = type(
            "ChosenCorrection", (CorrectionForm,),
            {
                "correction": forms.ChoiceField(
                    label=_("Correction"), widget=UnfoldAdminSelectWidget,
                    choices=[(key, _shown(each)) for key, each in choices.items()],
                )
            },
        )  # fmt: skip
        return self._ask(
            request, case, CORRECT, text, run, gettext("Ask for the correction"), form=form
        )

    @staticmethod
    def _ask(
        request: HttpRequest, case: Difference, act: str, text: str, run: Any, button: str,
        form: type[forms.Form] = Nothing,
    ) -> HttpResponse:  # fmt: skip
        back = reverse("admin:core_difference_change", args=[case.pk])
        return confirm(
            request, title=f"{case.get_kind_display()} · {case.public_id}", text=text, run=run,
            button=button, back=back, act=act, form=form,
        )  # fmt: skip


@contextmanager
def _open_only() -> Iterator[None]:
    """What the service refuses becomes a sentence."""
    try:
        yield
    except NotOpen as error:
        raise ValidationError(gettext("It is closed, or waits for its second person.")) from error


def _corrections(case: Difference) -> list[Correction]:
    run = RUNS.find(case.comparison.name)
    return list(run.corrections(case)) if run else []


def _shown(correction: Correction) -> str:
    """What the journal does, in a line: debit, credit, amount."""
    legs = "; ".join(
        f"{gettext('debit') if line.amount > 0 else gettext('credit')}"
        f" {_account(line.account)} {format_minor(abs(line.amount), line.currency)}"
        for line in correction.lines
    )
    return f"{correction.title} — {legs}"


def _account(code: str) -> str:
    row = ledger.CHART.find(code.partition(":")[0])
    return f"{row.title} ({code})" if row else code


def _text(name: str, side: dict[str, Any], currency: str) -> str:
    if name not in side:
        return "–"
    value = side[name]
    if name.endswith("_minor") and isinstance(value, int):
        return format_minor(value, str(side.get("currency", currency)))
    return str(value) or "–"
