"""The forms of a page's screen: the page, the frame of a block, the settings of its kind."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from catalog.blocks.base import BlockKind
from catalog.blocks.forms import LOCAL, BlockForm, MomentField
from catalog.models import HOME, Channel, PageBlock
from catalog.services.save_block import Frame
from catalog.states import PageState

SETTINGS = "set"
HUE_STEP = 5


class PageForm(forms.ModelForm):
    """A page ends after it begins; the home page is always open."""

    def clean_slug(self) -> str:
        slug = str(self.cleaned_data["slug"]).lower()
        if self.instance.pk and HOME in (slug, self.instance.slug) and slug != self.instance.slug:
            raise forms.ValidationError(
                _("The home page keeps its address, and no other takes it.")
            )
        return slug

    def clean_hue(self) -> int | None:
        hue: int | None = self.cleaned_data["hue"]
        if hue is not None and hue % HUE_STEP:
            raise forms.ValidationError(_("A color is a multiple of five."))
        return hue

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        starts, ends = data.get("starts_at"), data.get("ends_at")
        if starts and ends and starts >= ends:
            self.add_error("ends_at", _("It ends before it begins."))
        if data.get("slug") == HOME:
            for name in ("starts_at", "ends_at"):
                if data.get(name):
                    self.add_error(name, _("The home page is always open."))
            self.instance.state = PageState.LIVE
        return data


class FrameForm(forms.Form):
    """What every block has."""

    title = forms.CharField(label=gettext_lazy("Title in Chinese"), max_length=60, required=False)
    title_en = forms.CharField(
        label=gettext_lazy("Title in English"), max_length=80, required=False
    )
    starts_at = forms.DateTimeField(
        label=gettext_lazy("Shown from"),
        required=False,
        help_text=gettext_lazy("Empty: at once, and for as long as the page is open."),
    )
    ends_at = forms.DateTimeField(label=gettext_lazy("Shown until"), required=False)
    is_visible = forms.BooleanField(label=gettext_lazy("Visible"), required=False, initial=True)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        starts, ends = data.get("starts_at"), data.get("ends_at")
        if starts and ends and starts >= ends:
            self.add_error("ends_at", _("It ends before it begins."))
        return data

    def frame(self) -> Frame:
        return Frame(**self.cleaned_data)


class CopyPageForm(forms.Form):
    """Where the copy of a page goes."""

    channel = forms.ModelChoiceField(
        label=gettext_lazy("Channel"), queryset=Channel.objects.none(), empty_label=None,
        widget=UnfoldAdminSelectWidget,
    )  # fmt: skip
    slug = forms.SlugField(
        label=gettext_lazy("Address"), max_length=48, widget=UnfoldAdminTextInputWidget
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["channel"].queryset = Channel.objects.order_by("-is_default", "code")  # type: ignore[attr-defined]


def block_forms(
    kind: BlockKind, row: PageBlock | None = None, data: Any = None
) -> tuple[FrameForm, BlockForm]:
    """The two forms of a block, dressed as the back office's own: bound when there is data."""
    names = ("title", "title_en", "starts_at", "ends_at", "is_visible")
    own = {name: getattr(row, name) for name in names} if row is not None else None
    frame = FrameForm(data, initial=own)
    settings = kind.form(data, initial=row.params if row is not None else None, prefix=SETTINGS)
    for form in (frame, settings):
        for field in form.fields.values():
            _dress(field)
    return frame, settings


def _dress(field: forms.Field) -> None:
    """The back office's widget for a field; its attributes are kept."""
    attrs = dict(field.widget.attrs)
    if isinstance(field, forms.DateTimeField | MomentField):
        field.widget = UnfoldAdminTextInputWidget(attrs={**attrs, "type": "datetime-local"})
        field.widget.input_type = "datetime-local"
        if isinstance(field, forms.DateTimeField):
            field.widget.format_value = _local
    elif isinstance(field, forms.BooleanField):
        field.widget = UnfoldBooleanSwitchWidget(attrs=attrs)
    elif isinstance(field, forms.IntegerField):
        field.widget = UnfoldAdminIntegerFieldWidget(attrs=attrs)
    elif isinstance(field, forms.ChoiceField):
        field.widget = UnfoldAdminSelectWidget(attrs=attrs, choices=field.choices)
    elif isinstance(field.widget, forms.Textarea):
        field.widget = UnfoldAdminTextareaWidget(attrs={**attrs, "rows": 4})
    else:
        field.widget = UnfoldAdminTextInputWidget(attrs=attrs)
    field.widget.is_required = False
    field.widget.is_localized = False


def _local(value: Any) -> str | None:
    return value.strftime(LOCAL) if hasattr(value, "strftime") else value or None
