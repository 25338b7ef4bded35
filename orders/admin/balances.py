"""Balances in the back office: whose they are and why, and what they paid."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.models import User
from catalog.admin.base import MinorField
from core import clock
from core.admin.base import Badge, ReadOnlyAdmin
from core.money import format_minor
from fulfillment.admin.timeline import table
from orders.models import BalancePayment, PersonBalance
from orders.models.balance import HEAD
from orders.queries.balance import BalanceMovements
from orders.services.balance.correct_balance import (
    CORRECT,
    MOST_MINOR,
    BadCorrection,
    request_balance_correction,
)
from orders.views.balance import words_of
from risk.admin.confirm import confirm

BADGES = {"held": "warning", "spent": "success", "released": ""}
SHOWN = 50


class CorrectForm(forms.Form):
    owner = forms.CharField(
        label=_("Person (public id)"), max_length=24, widget=UnfoldAdminTextInputWidget
    )
    amount_minor = MinorField(
        label=_("Amount"), help_text=_("In yuan, such as 98.50. Negative takes away."), signed=True
    )
    reason = forms.CharField(label=_("Reason"), max_length=200, widget=UnfoldAdminTextInputWidget)


@admin.register(PersonBalance)
class PersonBalanceAdmin(ReadOnlyAdmin):
    """What people have, and everything that moved it."""

    list_display = ["amount", "owner"]
    search_fields = ["account__code"]
    search_help_text = _("Public id of a person")
    ordering = ["-id"]
    list_per_page = 50
    show_full_result_count = False
    fields = ["owner", "amount", "history"]
    readonly_fields = fields
    actions_list = ["correct"]
    actions_detail = ["correct_this"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[PersonBalance]:
        rows: QuerySet[PersonBalance] = super().get_queryset(request)
        return rows.filter(account__code__startswith=f"{HEAD}:")

    @display(description=_("Balance"))
    def amount(self, row: PersonBalance) -> str:
        return format_minor(row.minor, row.currency)

    @display(description=_("History of the person"))
    def history(self, row: PersonBalance) -> SafeString | str:
        return table(
            (localtime(one.at).strftime("%Y-%m-%d %H:%M"), format_minor(one.points, row.currency),
             words_of(one.kind), one.subject, one.note)
            for one in BalanceMovements(row.owner, row.currency)[:SHOWN]
        )  # fmt: skip

    @action(description=_("Put a balance right…"), url_path="correct")
    def correct(self, request: HttpRequest) -> HttpResponse:
        return _correct(request, "", reverse("admin:orders_personbalance_changelist"))

    @action(description=_("Put a balance right…"), url_path="correct")
    def correct_this(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row = get_object_or_404(self.get_queryset(request), pk=object_id)
        back = reverse("admin:orders_personbalance_change", args=[row.pk])
        return _correct(request, row.owner, back)


def _correct(request: HttpRequest, owner: str, back: str) -> HttpResponse:
    def run(data: dict[str, Any]) -> str:
        try:
            approval = request_balance_correction(
                owner=data["owner"], amount_minor=data["amount_minor"], reason=data["reason"],
                by=request.user.public_id, now=clock.now(),  # type: ignore[union-attr]
            )  # fmt: skip
        except User.DoesNotExist:
            raise ValidationError(gettext("Nobody has that id.")) from None
        except BadCorrection:
            most = {"most": format_minor(MOST_MINOR, "CNY")}
            raise ValidationError(gettext("Not nothing, and at most %(most)s.") % most) from None
        return gettext("Asked for: %(id)s. A second person has to agree.") % {
            "id": approval.public_id
        }

    return confirm(
        request, title=gettext("Put a balance right"), button=gettext("Ask for it"), back=back,
        text=gettext(
            "A second person has to agree; then it stands in the person's history with this "
            "reason. No more can be taken than there is."
        ),
        run=run, form=CorrectForm, initial={"owner": owner}, act=CORRECT,
    )  # fmt: skip


@admin.register(BalancePayment)
class BalancePaymentAdmin(ReadOnlyAdmin):
    """Orders that balances paid for, wholly or in part."""

    list_display = ["created_at", "order", "owner", "amount", "returned", "state_badge"]
    list_filter = ["state"]
    search_fields = ["=owner", "=order__public_id", "=public_id"]
    list_select_related = ["order"]
    ordering = ["-id"]
    list_per_page = 50
    show_full_result_count = False
    fields = ["public_id", "order", "owner", "amount", "returned", "state_badge", "state_at",
              "created_at"]  # fmt: skip
    readonly_fields = fields

    @display(description=_("Amount"))
    def amount(self, row: BalancePayment) -> str:
        return format_minor(row.amount_minor, row.currency)

    @display(description=_("Given back"))
    def returned(self, row: BalancePayment) -> str:
        return format_minor(row.returned_minor, row.currency)

    @display(description=_("State"), label=BADGES)
    def state_badge(self, row: BalancePayment) -> Badge:
        return Badge(row.state, row.get_state_display())
