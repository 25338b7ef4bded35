"""Forms of purchasing: they read and check, services act."""

from datetime import datetime
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminSingleDateWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from catalog.admin.base import MinorField
from fulfillment.forms import UploadForm
from fulfillment.models import CodeBatch, Purchase
from fulfillment.queries.restocking import restocks
from fulfillment.services.purchasing.plan_purchase import MOST_UNITS, NotPlannable, Wish


class OrderForm(forms.Form):
    paid_from = forms.ChoiceField(
        label=_("Paid from"), choices=CodeBatch.PaidFrom.choices, widget=UnfoldAdminSelectWidget,
        help_text=_("Money moves in the books when codes come, for what has come."),
    )  # fmt: skip
    their_no = forms.CharField(
        label=_("Supplier's order number"), max_length=64, required=False,
        widget=UnfoldAdminTextInputWidget,
    )  # fmt: skip
    expected_on = forms.DateField(
        label=_("Expected on"), required=False, widget=UnfoldAdminSingleDateWidget,
        help_text=_("Empty: after the lead time of its sources."),
    )  # fmt: skip


class ReasonForm(forms.Form):
    why = forms.CharField(
        label=_("Why"), max_length=200, required=False, widget=UnfoldAdminTextInputWidget
    )


class ReceiveForm(UploadForm):
    """The upload form without what the purchase knows already."""

    check_only = forms.BooleanField(
        label=_("Check first, import after I have read the verdicts"), required=False,
        widget=UnfoldBooleanSwitchWidget,
    )  # fmt: skip
    file = forms.FileField(
        label=_("File"), widget=UnfoldAdminFileFieldWidget,
        help_text=_("txt, CSV or XLSX; UTF-8, GBK or UTF-16; number and secret on each line."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("sku", "cost", "supplier", "paid_from"):
            del self.fields[name]

    def clean(self) -> dict[str, Any]:
        return self.cleaned_data


class DraftForm(forms.Form):
    """Units and cost of every line of a draft; 0 units drop the line."""

    def __init__(self, purchase: Purchase, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.keys = [line.pk for line in purchase.lines.all()]
        for line in purchase.lines.select_related("sku"):
            self.fields[f"units_{line.pk}"] = forms.IntegerField(
                label=line.sku.code, min_value=0, max_value=MOST_UNITS, initial=line.units,
                widget=UnfoldAdminIntegerFieldWidget,
            )  # fmt: skip
            self.fields[f"cost_{line.pk}"] = MinorField(
                label=_("Cost of one code"), currency=purchase.currency, initial=line.cost_minor
            )

    def rows(self) -> list[dict[str, Any]]:
        """The two fields of each line, in order."""
        return [{"units": self[f"units_{pk}"], "cost": self[f"cost_{pk}"]} for pk in self.keys]

    def lines(self) -> dict[int, tuple[int, int]]:
        """What was entered, as the service takes it."""
        data = self.cleaned_data
        return {pk: (data[f"units_{pk}"], data[f"cost_{pk}"]) for pk in self.keys}


def chosen_wishes(data: QueryDict, *, now: datetime) -> list[Wish]:
    """The ticked lines of the proposals page: `buy` names SKUs, `units_<sku>` their quantities.

    Source and reasons are those of the proposal as it stands now. Raises NotPlannable.
    """
    ticked = {int(key) for key in data.getlist("buy") if key.isascii() and key.isdigit()}
    wishes = []
    for row in restocks(now=now, sku_ids=sorted(ticked)):
        text = data.get(f"units_{row.sku.pk}", "").strip()
        if row.proposal.source is None:
            raise NotPlannable("source_gone")
        if not (text.isascii() and text.isdigit()) or len(text) > len(str(MOST_UNITS)):
            raise NotPlannable("bad_units")
        wishes.append(Wish(row.proposal.source.key, int(text), row.proposal.reasons))
    return wishes
