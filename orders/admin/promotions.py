"""Promotions in the back office: a list, one screen for each, and a calendar."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.roles import may
from catalog.admin.base import require
from core import clock
from core.admin.base import Badge, ReadOnlyAdmin, actor
from core.admin.who import who
from core.money import format_minor
from core.transitions import history
from fulfillment.admin.timeline import table
from orders.admin.promotion_acts import ACTS, RUN
from orders.admin.promotion_calendar import calendar_context
from orders.admin.promotion_form import PromotionForm
from orders.admin.promotion_look import look, money, terms_shown
from orders.admin.promotion_words import KINDS_SHOWN
from orders.models import Promotion
from orders.models.promotion import Kind
from orders.queries.promotion_figures import Figures, figures
from orders.services.promotions.change_promotion import change_promotion
from orders.services.promotions.check_promotion import PromotionRefused
from orders.services.promotions.promotion_subsidy import agreed
from orders.services.promotions.save_promotion import EDITABLE, save_promotion, unsaved
from orders.states import PromotionState
from risk.admin.confirm import confirm

EDIT, FREEZE = "orders.promotion_edit", "orders.promotion_freeze"
STATE_LABELS = {"draft": "default", "live": "success", "paused": "warning", "ended": "default"}


class ReasonForm(forms.Form):
    why = forms.CharField(
        label=gettext_lazy("Why"), max_length=200, required=False, widget=UnfoldAdminTextInputWidget
    )


@admin.register(Promotion)
class PromotionAdmin(ReadOnlyAdmin):
    """What is promised to buyers, what it has given, and what it leaves."""

    list_display = ["name", "state_badge", "terms", "applies", "starts_at", "ends_at", "uses",
                    "given", "subsidy_left", "margin"]  # fmt: skip
    list_filter = ["state", "kind", "trigger"]
    search_fields = ["name", "name_en", "=code", "=public_id"]
    ordering = ["-id"]
    list_per_page = 50
    actions_list = ["to_new", "to_calendar"]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        base = super().get_changelist(request, **kwargs)

        class WithFigures(base):  # type: ignore[misc, valid-type]
            def get_results(self, request: HttpRequest) -> None:
                super().get_results(request)
                rows: list[Any] = list(self.result_list)  # type: ignore[has-type]
                told = figures([row.public_id for row in rows])
                for row in rows:
                    row.told = told.get(row.public_id, Figures())
                self.result_list = rows

        return WithFigures

    @display(description=gettext_lazy("State"), label=STATE_LABELS)
    def state_badge(self, row: Promotion) -> Badge:
        return Badge(row.state, row.get_state_display())

    @display(description=pgettext_lazy("promotion", "Terms"))
    def terms(self, row: Promotion) -> str:
        return terms_shown(row)

    @display(description=gettext_lazy("How it applies"))
    def applies(self, row: Promotion) -> str:
        return row.code or row.get_trigger_display()

    @display(description=gettext_lazy("Uses"))
    def uses(self, row: Any) -> str:
        return f"{row.told.uses:,}" + (f" / {row.most_uses:,}" if row.most_uses else "")

    @display(description=gettext_lazy("Given"))
    def given(self, row: Any) -> str:
        return format_minor(row.told.given_minor, row.currency)

    @display(description=gettext_lazy("Subsidy left"))
    def subsidy_left(self, row: Any) -> str:
        left = row.subsidy_minor - row.told.subsidy_minor
        return format_minor(left, row.currency) if row.subsidy_minor else "–"

    @display(description=gettext_lazy("Margin so far"))
    def margin(self, row: Any) -> str:
        return format_minor(row.told.margin_minor, row.currency) if row.told.uses else "–"

    @action(description=gettext_lazy("New promotion"), url_path="to-new")
    def to_new(self, request: HttpRequest) -> HttpResponse:
        require(request, EDIT)
        return HttpResponseRedirect(reverse("admin:orders_promotion_add"))

    @action(description=gettext_lazy("Calendar"), url_path="to-calendar")
    def to_calendar(self, request: HttpRequest) -> HttpResponse:
        self._see(request)
        return HttpResponseRedirect(reverse("admin:orders_promotion_calendar"))

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        return [
            path("calendar/", wrap(self.calendar), name="orders_promotion_calendar"),
            path("look/", wrap(self.look), name="orders_promotion_look"),
            path("<int:pk>/freeze/", wrap(self.freeze), name="orders_promotion_freeze"),
            path("<int:pk>/<slug:name>/act/", wrap(self.act), name="orders_promotion_act"),
            *super().get_urls(),
        ]

    def add_view(self, request: HttpRequest, *_args: Any, **_kwargs: Any) -> HttpResponse:
        """What kind it is, then its one screen."""
        require(request, EDIT)
        kind = request.POST.get("kind") or request.GET.get("kind", "")
        if kind not in Kind.values:
            context = {
                **admin.site.each_context(request),
                "title": _("New promotion: what kind?"),
                "kinds": KINDS_SHOWN,
            }
            return TemplateResponse(request, "admin/orders/promotion_kind.html", context)
        return self._screen(request, kind, None)

    def change_view(
        self, request: HttpRequest, object_id: str, *_args: Any, **_kwargs: Any
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        if row is None or not self.has_view_permission(request, row):
            raise Http404
        if request.method == "POST":
            require(request, EDIT)
            if row.state not in EDITABLE:
                raise PermissionDenied
        return self._screen(request, row.kind, row)

    def _screen(self, request: HttpRequest, kind: str, row: Promotion | None) -> HttpResponse:
        form = PromotionForm(kind, request.POST or None, row=row)
        if request.method == "POST" and form.is_valid() and "look" not in request.POST:
            try:
                saved = save_promotion(
                    wish=form.wish(), promotion=row.public_id if row else None,
                    by=actor(request), now=clock.now(),
                )  # fmt: skip
            except PromotionRefused as refused:
                form.refuse(refused.problems)
            except IntegrityError:
                form.refuse({"code": _("Another promotion has this code already.")})
            else:
                messages.success(request, _("Saved. Nothing has changed for buyers yet."))
                return HttpResponseRedirect(_page(saved))
        return self._shown(request, kind, row, form)

    def _shown(
        self, request: HttpRequest, kind: str, row: Promotion | None, form: PromotionForm
    ) -> HttpResponse:
        told = figures([row.public_id]).get(row.public_id, Figures()) if row else None
        mine = may(request.user, EDIT)  # type: ignore[arg-type]
        context = {
            **admin.site.each_context(request),
            "title": row.name if row else _("New promotion: %(kind)s") % {"kind": Kind(kind).label},
            "kind": kind,
            "row": row,
            "form": form,
            "editable": mine and (row is None or row.state in EDITABLE),
            "state_label": row.get_state_display() if row else "",
            "terms": terms_shown(row) if row else "",
            "told": told,
            "facts": _facts(row, told) if row and told else [],
            "acts": _acts(request, row) if row else [],
            "may_freeze": row is not None
            and row.state == PromotionState.LIVE
            and may(request.user, FREEZE),  # type: ignore[arg-type]
            "history": _history(row) if row else "",
            **look(_row_of(form, row), request.POST, now=clock.now()),
        }
        return TemplateResponse(request, "admin/orders/promotion.html", context)

    def look(self, request: HttpRequest) -> HttpResponse:
        """The preview as a fragment; nothing is written."""
        self._see(request)
        row = Promotion.objects.filter(public_id=request.POST.get("promotion", "")).first()
        kind = row.kind if row else request.POST.get("kind", "")
        if kind not in Kind.values:
            raise Http404
        form = PromotionForm(kind, request.POST, row=row)
        shown = look(_row_of(form, row), request.POST, now=clock.now())
        return TemplateResponse(request, "admin/orders/_promotion_look.html", shown)

    def calendar(self, request: HttpRequest) -> HttpResponse:
        """What runs when, a month at a time."""
        self._see(request)
        context = {
            **admin.site.each_context(request),
            "title": _("Calendar of promotions"),
            **calendar_context(request.GET, now=clock.now()),
        }
        return TemplateResponse(request, "admin/orders/promotion_calendar.html", context)

    def freeze(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Pause at once: one click, for when something looks wrong."""
        require(request, FREEZE)
        row = get_object_or_404(Promotion, pk=pk)
        if request.method == "POST":
            try:
                change_promotion(
                    promotion=row.public_id, to=PromotionState.PAUSED.value, why="frozen at once",
                    by=actor(request), now=clock.now(),
                )  # fmt: skip
            except PromotionRefused as refused:
                messages.error(request, str(refused))
            else:
                messages.success(request, _("Paused. No new order gets it."))
        return HttpResponseRedirect(_page(row))

    def act(self, request: HttpRequest, pk: int, name: str) -> HttpResponse:
        """A page that says what will happen, then the service."""
        row = get_object_or_404(Promotion, pk=pk)
        if name not in ACTS or row.state not in ACTS[name].states:
            raise Http404
        chosen = ACTS[name]
        require(request, chosen.act)
        after = {"page": _page(row)}

        def run(data: dict[str, Any]) -> str:
            try:
                text, where = RUN[name](row, data["why"], request)
            except PromotionRefused as refused:
                raise ValidationError(list(refused.problems.values())) from refused
            after["page"] = _page(where)
            return text

        answer = confirm(
            request, title=f"{chosen.title}: {row.name}", text=str(chosen.text),
            button=str(chosen.title), back=_page(row), form=ReasonForm, run=run,
        )  # fmt: skip
        if isinstance(answer, HttpResponseRedirect):
            return HttpResponseRedirect(after["page"])
        return answer

    def _see(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied


def _row_of(form: PromotionForm, row: Promotion | None) -> Promotion | None:
    """What the form says as it stands; the stored one where nothing may be edited."""
    if not form.is_bound or (row is not None and row.state not in EDITABLE):
        return row
    if not form.is_valid():
        return None
    return unsaved(form.wish(), public_id=row.public_id if row else "")


def _page(row: Promotion) -> str:
    return reverse("admin:orders_promotion_change", args=[row.pk])


def _acts(request: HttpRequest, row: Promotion) -> list[tuple[str, Any]]:
    return [
        (name, one.title)
        for name, one in ACTS.items()
        if row.state in one.states
        and (name != "subsidy" or (row.subsidy_minor and not agreed(row)))
        and may(request.user, one.act)  # type: ignore[arg-type]
    ]


def _facts(row: Promotion, told: Figures) -> list[tuple[Any, str]]:
    of = {"uses": row.most_uses, "given": row.most_minor}
    uses = f"{told.uses:,}" + (f" / {of['uses']:,}" if of["uses"] is not None else "")
    given = money(told.given_minor, row.currency)
    if of["given"] is not None:
        given += f" / {money(of['given'], row.currency)}"
    facts = [(_("Uses"), uses), (_("Given"), given)]
    if row.subsidy_minor:
        left = money(row.subsidy_minor - told.subsidy_minor, row.currency)
        state = _("agreed to") if agreed(row) else _("not agreed to yet")
        facts.append((_("Subsidy left"), f"{left} · {state}"))
    facts.append((_("Margin so far"), money(told.margin_minor, row.currency) if told.uses else "–"))
    return facts


def _history(row: Promotion) -> Any:
    rows = [
        (one.at.strftime("%Y-%m-%d %H:%M"), str(PromotionState(one.became).label), who(one.by), one.why)
        for one in history(row.public_id)
    ]  # fmt: skip
    return table(rows)
