import csv
from datetime import date, datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminSingleDateWidget,
    UnfoldAdminTextInputWidget,
)

from core import clock
from core.admin.base import Badge, ReadOnlyAdmin, actor
from core.cells import harmless
from core.money import decimal_text, format_minor
from core.reconciliation.values import DAY, day_bounds, day_of
from fulfillment.admin.settling.accounts import held_page, statement_page
from fulfillment.admin.timeline import changes
from fulfillment.models import PayeeKind, Payout, PayoutState
from fulfillment.queries.owed import name_of
from fulfillment.services.settlement.end_payout import NotAgreed, confirm_payout, return_payout
from fulfillment.services.settlement.propose_payouts import NothingOwed, propose_payouts
from risk.admin.confirm import confirm

LABELS = {"proposed": "warning", "approved": "info", "paid": "success", "failed": "danger",
          "canceled": ""}  # fmt: skip


class ProposalForm(forms.Form):
    kind = forms.ChoiceField(
        label=_("Kind of payee"), choices=PayeeKind.choices, widget=UnfoldAdminSelectWidget
    )
    last_day = forms.DateField(
        label=_("Owed until the end of"), widget=UnfoldAdminSingleDateWidget,
        help_text=_("Yesterday at the latest, in Shanghai; what was earned later waits."),
    )  # fmt: skip
    reason = forms.CharField(label=_("Purpose"), max_length=200, widget=UnfoldAdminTextInputWidget)


class PaidForm(forms.Form):
    bank_no = forms.CharField(
        label=_("The bank's payment number"), max_length=64, widget=UnfoldAdminTextInputWidget
    )


class ReturnedForm(forms.Form):
    why = forms.CharField(label=_("Why"), max_length=200, widget=UnfoldAdminTextInputWidget)


@admin.register(Payout)
class PayoutAdmin(ReadOnlyAdmin):
    """What is paid to merchants and suppliers: proposed, agreed on, paid at the bank."""

    list_display = [
        "created_at",
        "public_id",
        "to",
        "payee_name",
        "amount",
        "state_badge",
        "bank_no",
    ]
    list_filter = ["state", "kind", "created_at"]
    search_fields = ["=public_id", "=payee", "=bank_no", "=run__public_id"]
    list_select_related = ["run"]
    ordering = ["-id"]
    list_per_page = 50
    fields = ["public_id", "to", "payee_name", "amount", "state_badge", "owed_until", "approval",
              "bank_no", "created_at", "approved_at", "over_since", "statement", "timeline"]  # fmt: skip
    readonly_fields = fields
    actions_list = ["propose", "others", "for_the_bank"]
    actions_detail = ["paid", "returned"]

    def get_urls(self) -> list[Any]:
        guard = self.admin_site.admin_view
        return [
            path("propose/", guard(self.propose_page), name="fulfillment_payout_propose"),
            path("held/", guard(held_page), name="fulfillment_held"),
            path("bank/", guard(self.bank_file), name="fulfillment_payout_bank"),
            path(
                "account/<slug:kind>/<slug:code>/", guard(statement_page),
                name="fulfillment_account",
            ),
            *super().get_urls(),
        ]  # fmt: skip

    @display(description=_("Kind of payee"))
    def to(self, payout: Payout) -> str:
        return str(PayeeKind(payout.kind).label)

    @display(description=_("Payee"))
    def payee_name(self, payout: Payout) -> str:
        return name_of(payout.kind, payout.payee)

    @display(description=_("Amount"))
    def amount(self, payout: Payout) -> str:
        return format_minor(payout.amount_minor, payout.currency)

    @display(description=_("State"), label=LABELS)
    def state_badge(self, payout: Payout) -> Badge:
        return Badge(payout.state, payout.get_state_display())

    @display(description=_("Owed until"))
    def owed_until(self, payout: Payout) -> str:
        return _minute(payout.run.until)

    @display(description=_("Over since"))
    def over_since(self, payout: Payout) -> str:
        return _minute(payout.ended_at) if payout.ended_at else "–"

    @display(description=_("Approval"))
    def approval(self, payout: Payout) -> str:
        return payout.run.approval

    @display(description=_("Statement of account"))
    def statement(self, payout: Payout) -> SafeString:
        url = reverse("admin:fulfillment_account", args=[payout.kind, payout.payee])
        return format_html(
            '<a class="text-primary-600" href="{}">{}</a>', url, _("Show the account")
        )

    @display(description=_("History"))
    def timeline(self, payout: Payout) -> SafeString | str:
        return changes(payout.public_id)

    @action(description=_("Propose payouts…"), url_path="propose-new")
    def propose(self, request: HttpRequest) -> HttpResponse:
        return self.propose_page(request)

    @action(description=_("Money of others"), url_path="others")
    def others(self, request: HttpRequest) -> HttpResponse:
        return held_page(request)

    @action(description=_("List for the bank (CSV)"), url_path="for-the-bank")
    def for_the_bank(self, request: HttpRequest) -> HttpResponse:
        return self.bank_file(request)

    def propose_page(self, request: HttpRequest) -> HttpResponse:
        """One person proposes the whole list; nothing moves until another agrees."""

        def run(data: dict[str, Any]) -> str:
            now = clock.now()
            until = _end_of(data["last_day"], now)
            try:
                made = propose_payouts(
                    kind=data["kind"], until=until, by=actor(request).removeprefix("user:"),
                    reason=data["reason"], now=now,
                )  # fmt: skip
            except NothingOwed:
                raise ValidationError(
                    gettext("Nobody was owed anything by then, or everybody is proposed already.")
                ) from None
            total = sum(made.payouts.values_list("amount_minor", flat=True))
            return gettext("%(n)s payouts, %(sum)s in all. Another person decides in the inbox.") % {
                "n": made.payouts.count(), "sum": format_minor(total, made.currency),
            }  # fmt: skip

        return confirm(
            request, title=gettext("Propose payouts"), button=gettext("Propose"), run=run,
            form=ProposalForm, act="fulfillment.payouts",
            back=reverse("admin:fulfillment_payout_changelist"),
            text=gettext(
                "Everybody of this kind who is owed money is listed with it. Another person agrees to"
                " exactly that list; then it is paid at the bank."
            ),
            initial={"last_day": day_of(clock.now()) - DAY},
        )  # fmt: skip

    def bank_file(self, request: HttpRequest) -> HttpResponse:
        """What was agreed on and is not paid yet, to be typed in or uploaded at the bank."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        answer = HttpResponse(
            "\ufeff", content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="payouts.csv"'},
        )  # fmt: skip
        out = csv.writer(answer)
        out.writerow(["payout", "payee", "name", "amount", "currency"])
        for payout in Payout.objects.filter(state=PayoutState.APPROVED).order_by("id"):
            name = harmless(name_of(payout.kind, payout.payee))
            amount = decimal_text(payout.amount_minor, payout.currency)
            out.writerow([payout.public_id, payout.payee, name, amount, payout.currency])
        return answer

    @action(description=_("Paid at the bank…"), url_path="paid")
    def paid(self, request: HttpRequest, object_id: int) -> HttpResponse:
        def run(payout: Payout, data: dict[str, Any]) -> str:
            confirm_payout(
                payout=payout.public_id, bank_no=data["bank_no"], by=actor(request),
                now=clock.now(),
            )  # fmt: skip
            return gettext("Booked as paid.")

        text = gettext("The bank has paid it: the money has left. Each number pays one payout.")
        return self._end(request, object_id, run, PaidForm, text, gettext("It is paid"))

    @action(description=_("The bank sent it back…"), url_path="returned")
    def returned(self, request: HttpRequest, object_id: int) -> HttpResponse:
        def run(payout: Payout, data: dict[str, Any]) -> str:
            return_payout(
                payout=payout.public_id, why=data["why"], by=actor(request), now=clock.now()
            )
            return gettext("It is owed again and comes with the next payouts.")

        text = gettext("Nothing has left: the payee is owed the money again.")
        return self._end(request, object_id, run, ReturnedForm, text, gettext("It came back"))

    @staticmethod
    def _end(
        request: HttpRequest, object_id: int, run: Any, form: type[forms.Form], text: str, button: str
    ) -> HttpResponse:  # fmt: skip
        payout = get_object_or_404(Payout, pk=object_id)

        def carry_out(data: dict[str, Any]) -> str:
            try:
                return str(run(payout, data))
            except NotAgreed:
                raise ValidationError(
                    gettext("It was not agreed on, or has ended already.")
                ) from None

        return confirm(
            request, run=carry_out, form=form, text=text, button=button, act="fulfillment.pay",
            title=f"{name_of(payout.kind, payout.payee)} ·"
            f" {format_minor(payout.amount_minor, payout.currency)}",
            back=reverse("admin:fulfillment_payout_change", args=[payout.pk]),
        )  # fmt: skip


def _minute(at: datetime) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}"


def _end_of(last_day: date, now: datetime) -> datetime:
    until = day_bounds(last_day)[1]
    if until > now:
        raise ValidationError({"last_day": gettext("That day is not over yet.")})
    return until
