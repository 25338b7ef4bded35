"""What the back office asks before it touches a list or a rule."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from risk.models import ListEntry
from risk.rules.base import Standing
from risk.values import MAX_VALUE, Kind

SPANS = [
    ("1", _("one day")),
    ("7", _("one week")),
    ("30", _("30 days")),
    ("365", _("one year")),
    ("", _("no end")),
]


def expiry(data: Mapping[str, object], now: datetime) -> datetime | None:
    """When an entry made now runs out; None for never."""
    days = str(data.get("days") or "")
    return now + timedelta(days=int(days)) if days else None


class BlockForm(forms.Form):
    days = forms.ChoiceField(
        label=_("For how long"),
        choices=SPANS,
        initial="7",
        required=False,
        widget=UnfoldAdminSelectWidget,
    )
    reason = forms.CharField(label=_("Why"), max_length=200, widget=UnfoldAdminTextInputWidget)


class EntryForm(BlockForm):
    list_name = forms.ChoiceField(
        label=_("List"), choices=ListEntry.List.choices, widget=UnfoldAdminSelectWidget
    )
    kind = forms.ChoiceField(label=_("Kind"), choices=Kind.choices, widget=UnfoldAdminSelectWidget)
    value = forms.CharField(
        label=_("Value"),
        max_length=MAX_VALUE,
        widget=UnfoldAdminTextInputWidget,
        help_text=_(
            "An address, a network such as 203.0.113.0/24, a phone number, a mail address or usr_…"
        ),
    )
    field_order = ["list_name", "kind", "value", "days", "reason"]


def rule_form(
    standing: Standing, *, enabled: bool, dry_run: bool, current: Mapping[str, object]
) -> type[forms.Form]:
    """A form with one figure for each figure of the rule."""
    fields: dict[str, forms.Field] = {
        name: forms.IntegerField(
            label=name,
            initial=current.get(name, value),
            min_value=1,
            widget=UnfoldAdminIntegerFieldWidget,
        )
        for name, value in standing.parameters.items()
        if isinstance(value, int) and name != "pardon"
    }
    fields["enabled"] = forms.BooleanField(
        label=_("Enabled"), required=False, initial=enabled, widget=UnfoldBooleanSwitchWidget
    )
    fields["dry_run"] = forms.BooleanField(
        label=_("Dry run"),
        required=False,
        initial=dry_run,
        widget=UnfoldBooleanSwitchWidget,
        help_text=_("The rule speaks and is recorded, but stops nobody."),
    )
    fields["reason"] = forms.CharField(
        label=_("Why"), max_length=500, widget=UnfoldAdminTextInputWidget
    )
    return type("RuleForm", (forms.Form,), fields)
