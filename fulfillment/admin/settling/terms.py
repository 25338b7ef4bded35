"""What a supplier's page says and does about money: terms, what we owe, the statement of account."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from core import clock, ledger
from core.admin.base import actor
from core.money import BadMoney, decimal_text, format_minor, parse_minor
from fulfillment.models import PayeeKind, Supplier, SupplierTerms
from fulfillment.postings import PAYABLE
from fulfillment.services.settlement.change_terms import change_terms
from risk.admin.confirm import confirm


class TermsForm(forms.Form):
    terms = forms.ChoiceField(
        label=_("Terms"), choices=SupplierTerms.choices, widget=UnfoldAdminSelectWidget
    )
    credit_limit = forms.CharField(
        label=_("The most we may owe"), max_length=16, required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("For purchases on account, in the supplier's currency, like 10000.00"),
    )  # fmt: skip


class MoneyActs:
    """For SupplierAdmin: fields and acts about money."""

    @display(description=_("Terms"))
    def terms_text(self, supplier: Supplier) -> str:
        if supplier.terms != SupplierTerms.CREDIT:
            return supplier.get_terms_display()
        limit = format_minor(supplier.credit_limit_minor, supplier.currency)
        return gettext("%(terms)s, up to %(limit)s") % {
            "terms": supplier.get_terms_display(), "limit": limit,
        }  # fmt: skip

    @display(description=_("We owe them"))
    def payable(self, supplier: Supplier) -> str:
        minor = -ledger.balance(f"{PAYABLE}:{supplier.code}", supplier.currency)
        return format_minor(minor, supplier.currency)

    @action(description=_("Statement of account"), url_path="account")
    def account(self, request: HttpRequest, object_id: int) -> HttpResponse:
        supplier = get_object_or_404(Supplier, pk=object_id)
        url = reverse("admin:fulfillment_account", args=[PayeeKind.SUPPLIER, supplier.code])
        return HttpResponseRedirect(url)

    @action(description=_("Terms…"), url_path="terms")
    def change_terms(self, request: HttpRequest, object_id: int) -> HttpResponse:
        supplier = get_object_or_404(Supplier, pk=object_id)

        def run(data: dict[str, Any]) -> str:
            try:
                limit = parse_minor(data["credit_limit"] or "0", supplier.currency)
                change_terms(
                    supplier_code=supplier.code, terms=data["terms"], credit_limit_minor=limit,
                    by=actor(request), now=clock.now(),
                )  # fmt: skip
            except (BadMoney, ValueError):
                raise ValidationError({"credit_limit": gettext("This is not an amount.")}) from None
            return gettext("Saved. What is under way keeps its terms.")

        return confirm(
            request, title=supplier.name, button=gettext("Save"), run=run, form=TermsForm,
            act="fulfillment.terms",
            back=reverse("admin:fulfillment_supplier_change", args=[supplier.pk]),
            text=gettext(
                "New purchases are paid under these terms. On account nothing is bought beyond the"
                " limit; paid when sold, nothing is set aside."
            ),
            initial={
                "terms": supplier.terms,
                "credit_limit": decimal_text(supplier.credit_limit_minor, supplier.currency),
            },
        )  # fmt: skip
