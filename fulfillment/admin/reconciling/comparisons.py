from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminSingleDateWidget,
)

from accounts.roles import may
from core import clock
from core.admin.base import ReadOnlyAdmin, actor
from core.models import Comparison, DifferenceState
from core.money import format_minor
from core.reconciliation.runs import RUNS, Run, reconcile, refresh_statement, take_statement
from core.reconciliation.statements import LARGEST_FILE, TooLarge
from core.reconciliation.values import DAY, Unavailable, day_of
from risk.admin.confirm import confirm

STRIP_DAYS = 14
LABELS = {"matched": "success", "differs": "danger", "missing": "warning", "skipped": "info"}
UNSETTLED = Count(
    "differences",
    filter=Q(differences__state__in=[DifferenceState.OPEN, DifferenceState.PROPOSED]),
)


class FileForm(forms.Form):
    """A statement that a person brought."""

    whose = forms.ChoiceField(label=_("From"), widget=UnfoldAdminSelectWidget)
    day = forms.DateField(
        label=_("Day"), widget=UnfoldAdminSingleDateWidget, help_text=_("In Shanghai")
    )
    file = forms.FileField(
        label=_("File"), widget=UnfoldAdminFileFieldWidget,
        help_text=_("The statement of this day as the other side gives it out; CSV, UTF-8 or GBK."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["whose"].choices = [  # type: ignore[attr-defined]
            (f"{run.name}|{party.code}", party.title)
            for run in RUNS
            if run.reads_statements
            for party in run.parties()
        ]

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > LARGEST_FILE:
            raise ValidationError(gettext("The file is too large for the statement of a day."))
        return file


@admin.register(Comparison)
class ComparisonAdmin(ReadOnlyAdmin):
    """One calm page a day: everything matched, or what is not."""

    fields = ["name", "party", "day", "state", "statement", "theirs_count", "ours_count", "matched",
              "other_day", "under_way", "found", "sums", "note", "ran_at", "runs", "seconds"]  # fmt: skip
    readonly_fields = fields

    def get_urls(self) -> list[Any]:
        guard = self.admin_site.admin_view
        return [
            path("upload/", guard(self.upload), name="core_comparison_upload"),
            path(
                "again/<str:name>/<str:party>/<str:day>/", guard(self.again),
                name="core_comparison_again",
            ),
            *super().get_urls(),
        ]  # fmt: skip

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        today = day_of(clock.now())
        day = _day(request.GET.get("day", "")) or _newest() or today - DAY
        rows = _rows(day)
        unsettled = sum(row["unsettled"] for row in rows)
        waiting = sum(row["state"] in ("missing", "skipped", "") for row in rows)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Reconciliation"),
            "day": day, "before": day - DAY, "after": day + DAY if day + DAY < today else None,
            "rows": rows, "strip": _strip(today), "verdict": _verdict(unsettled, waiting),
            "calm": not unsettled and not waiting, "grave": bool(unsettled),
            "may_compare": may(request.user, "books.compare"),  # type: ignore[arg-type]
        }  # fmt: skip
        return TemplateResponse(request, "admin/fulfillment/comparisons.html", context)

    def again(self, request: HttpRequest, name: str, party: str, day: str) -> HttpResponse:
        """Compare once more; fetches the statement again where there is one."""
        run, that_day = RUNS.find(name), _day(day)
        known = run is not None and party in {each.code for each in run.parties()}
        if run is None or that_day is None or not known:
            raise Http404

        def carry_out(_data: dict[str, Any]) -> str:
            now = clock.now()
            if run.reads_statements:
                refresh_statement(name=name, party=party, day=that_day, now=now)
            row = reconcile(name=name, party=party, day=that_day, now=now)
            return gettext("Compared: %(state)s.") % {"state": row.get_state_display()}

        return confirm(
            request, title=f"{run.title} · {_titles(run)[party]} · {day}", run=carry_out,
            button=gettext("Compare now"), act="books.compare", back=_page(that_day),
            text=gettext(
                "Fetches the other side's statement anew and compares the day. Nothing of ours"
                " changes; what matches by now closes itself."
            ),
        )  # fmt: skip

    def upload(self, request: HttpRequest) -> HttpResponse:
        """Take in a file that a person brought."""
        form = FileForm(request.POST or None, request.FILES or None)
        if not may(request.user, "books.compare"):  # type: ignore[arg-type]
            raise PermissionDenied
        if request.method == "POST" and form.is_valid():
            done = self._take(request, form)
            if done is not None:
                return done
        context = {
            **self.admin_site.each_context(request), "title": gettext("Take in a statement"),
            "form": form,
        }  # fmt: skip
        return TemplateResponse(request, "admin/fulfillment/statement_upload.html", context)

    def _take(self, request: HttpRequest, form: FileForm) -> HttpResponse | None:
        name, _bar, party = form.cleaned_data["whose"].partition("|")
        day = form.cleaned_data["day"]
        try:
            statement, is_new = take_statement(
                name=name, party=party, day=day, raw=form.cleaned_data["file"].read(),
                by=actor(request), now=clock.now(),
            )  # fmt: skip
        except (Unavailable, TooLarge) as error:
            form.add_error("file", gettext("It was not taken in: %(why)s") % {"why": error})
            return None
        said = (
            gettext("Taken in: %(lines)s lines, %(bad)s of them unreadable.")
            if is_new
            else gettext("This very file is known already; nothing has changed.")
        )
        self.message_user(
            request, said % {"lines": statement.line_count, "bad": statement.malformed_count}
        )
        return _redirect(day)


def _redirect(day: date) -> HttpResponse:
    return HttpResponseRedirect(_page(day))


def _page(day: date) -> str:
    return f"{reverse('admin:core_comparison_changelist')}?day={day.isoformat()}"


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _newest() -> date | None:
    return Comparison.objects.order_by("-day").values_list("day", flat=True).first()


def _titles(run: Run) -> dict[str, Any]:
    return {party.code: party.title for party in run.parties()}


def _verdict(unsettled: int, waiting: int) -> str:
    if unsettled:
        return ngettext("%(n)d difference is open", "%(n)d differences are open", unsettled) % {
            "n": unsettled
        }
    if waiting:
        return ngettext(
            "%(n)d comparison is still to come", "%(n)d comparisons are still to come", waiting
        ) % {"n": waiting}
    return gettext("Everything matched")


def _rows(day: date) -> list[dict[str, Any]]:
    """Every run and party of a day, compared or not."""
    done = Comparison.objects.filter(day=day).annotate(unsettled=UNSETTLED)
    known = {
        (row.name, row.party): row
        for row in done.select_related("statement").defer("statement__body")
    }
    return [
        _row(run, party.code, party.title, known.get((run.name, party.code)))
        for run in RUNS
        for party in run.parties()
    ]


def _row(run: Run, party: str, title: Any, row: Comparison | None) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "name": run.name, "run": run.title, "party": party, "title": title, "row": row,
        "unsettled": 0, "state": "", "label": "info", "state_text": gettext("not yet"),
        "sums": [],
    }  # fmt: skip
    if row is None:
        return shown
    unsettled = getattr(row, "unsettled", 0)
    settled = row.state == Comparison.State.DIFFERS and not unsettled
    text = gettext("all settled") if settled else row.get_state_display()
    label = "success" if settled else LABELS[row.state]
    return {
        **shown, "unsettled": unsettled, "state": row.state, "label": label, "state_text": text,
        "sums": _sums(row.sums),
    }  # fmt: skip


def _sums(sums: Mapping[str, Mapping[str, int]]) -> Sequence[dict[str, str]]:
    """A check inside our own house has no sum of either side, only what is in dispute."""
    return [
        {name: format_minor(minor, currency) for name, minor in figures.items() if minor}
        for currency, figures in sums.items()
        if any(figures.values())
    ]


def _strip(today: date) -> list[dict[str, Any]]:
    """The last days, each with what is still open."""
    since = today - timedelta(days=STRIP_DAYS)
    rows = Comparison.objects.filter(day__gte=since).values("day", "state")
    unsettled = dict(
        Comparison.objects.filter(day__gte=since).values_list("day").annotate(n=UNSETTLED)
    )
    seen: dict[date, set[str]] = {}
    for row in rows:
        seen.setdefault(row["day"], set()).add(row["state"])
    days = [today - timedelta(days=back) for back in range(STRIP_DAYS, 0, -1)]
    return [
        {"day": day, "tone": _tone(seen.get(day, set()), unsettled.get(day, 0)),
         "open": unsettled.get(day, 0)}
        for day in days
    ]  # fmt: skip


def _tone(states: set[str], unsettled: int) -> str:
    if unsettled:
        return "differs"
    if not states:
        return "none"
    return "missing" if states & {"missing", "skipped"} else "matched"
