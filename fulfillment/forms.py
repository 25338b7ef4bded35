"""Forms of the vault's back office: they read and check, services act."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminSingleDateWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from catalog.admin.base import MinorField
from catalog.models import Channel, Sku
from catalog.states import DeliveryKind
from fulfillment.codefiles.limits import MAX_FILE_BYTES
from fulfillment.models import CodeBatch, Supplier
from fulfillment.services.pool.export_codes import MAX_ROWS


class UploadForm(forms.Form):
    """A file of codes and what a person knows about it."""

    sku = forms.ModelChoiceField(
        label=_("SKU"), queryset=Sku.objects.none(), widget=UnfoldAdminSelectWidget
    )
    file = forms.FileField(
        label=_("File"), widget=UnfoldAdminFileFieldWidget,
        help_text=_("txt, CSV or XLSX; UTF-8, GBK or UTF-16; number and secret on each line."),
    )  # fmt: skip
    check_only = forms.BooleanField(
        label=_("Check first, import after I have read the verdicts"), required=False, initial=True,
        widget=UnfoldBooleanSwitchWidget,
    )  # fmt: skip
    layout = forms.ChoiceField(
        label=_("Each line holds"), choices=CodeBatch.Layout.choices,
        initial=CodeBatch.Layout.PAIR, widget=UnfoldAdminSelectWidget,
    )  # fmt: skip
    expires_on = forms.DateField(
        label=_("Last day of lines that name none"), required=False,
        widget=UnfoldAdminSingleDateWidget,
    )  # fmt: skip
    cost = MinorField(label=_("Cost of one code"), required=False)
    supplier = forms.ModelChoiceField(
        label=_("Supplier"), queryset=Supplier.objects.order_by("name"), required=False,
        widget=UnfoldAdminSelectWidget,
    )  # fmt: skip
    paid_from = forms.ChoiceField(
        label=_("Paid from"), choices=CodeBatch.PaidFrom.choices, initial=CodeBatch.PaidFrom.BANK,
        widget=UnfoldAdminSelectWidget,
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        pool = Sku.objects.filter(product__product_type__delivery_kind=DeliveryKind.POOL)
        self.fields["sku"].queryset = pool.order_by("code")  # type: ignore[attr-defined]

    def clean_file(self) -> Any:
        """The size is checked again while the file is read."""
        file = self.cleaned_data["file"]
        if file.size > MAX_FILE_BYTES:
            raise forms.ValidationError(_("The file is larger than 256 MB. Split it."))
        return file

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("paid_from") != CodeBatch.PaidFrom.BANK and not data.get("supplier"):
            self.add_error("supplier", _("Choose whose prepaid account paid for the codes."))
        return data


class WhyForm(forms.Form):
    why = forms.CharField(label=_("Why"), max_length=160, widget=UnfoldAdminTextInputWidget)


class ExportForm(WhyForm):
    rows = forms.IntegerField(
        label=_("Number of codes"), min_value=1, max_value=MAX_ROWS,
        widget=UnfoldAdminIntegerFieldWidget,
    )  # fmt: skip

    channel = forms.ChoiceField(
        label=_("For an outside channel"), required=False, widget=UnfoldAdminSelectWidget,
        help_text=_("It sells the codes itself; each stays accounted for. Empty: for nobody."),
    )  # fmt: skip

    field_order = ["rows", "channel", "why"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        channels = Channel.objects.order_by("name").values_list("code", "name")
        self.fields["channel"].choices = [("", "—"), *channels]  # type: ignore[attr-defined]


class PasswordForm(forms.Form):
    password = forms.CharField(
        label=_("Password"), max_length=64, widget=UnfoldAdminPasswordWidget,
        help_text=_("The person who agreed to the export has it. Five wrong tries withdraw the file."),
    )  # fmt: skip
