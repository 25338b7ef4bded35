"""Fields of which kinds of blocks make their forms. What they clean is what is stored: JSON."""

import re
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

MAX_ITEMS = 24
MAX_LINK = 200
LOCAL = "%Y-%m-%dT%H:%M"
# A product's page as it stands in the browser.
_SHOWN_AT = re.compile(r"^.*/p/([^/?#]+)(?:[/?#].*)?$")
_SLUG = re.compile(r"[-a-zA-Z0-9_]{1,64}\Z")


class BlockForm(forms.Form):
    """Settings of a block. `stored` is what the row keeps: nothing for what was left empty."""

    def stored(self) -> dict[str, Any]:
        return {
            key: value for key, value in self.cleaned_data.items() if value not in ("", None, [])
        }


class BothTexts(BlockForm):
    """A text in both languages."""

    text = forms.CharField(label=gettext_lazy("Text"), max_length=200, required=False)
    text_en = forms.CharField(label=gettext_lazy("Text in English"), max_length=240, required=False)


class LinkField(forms.CharField):
    """A page of this shop: an address that starts with one slash."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", gettext_lazy("Leads to"))
        kwargs.setdefault(
            "help_text", gettext_lazy("A page of the shop, such as /c/video/. Empty: no button.")
        )
        super().__init__(max_length=MAX_LINK, required=False, **kwargs)

    def validate(self, value: Any) -> None:
        super().validate(value)
        if value and not is_own_link(value):
            raise ValidationError(
                _("A link leads to a page of the shop and starts with one slash.")
            )


class NamesField(forms.CharField):
    """Addresses or codes with commas, spaces or lines between them; kept as a list. A product's link will do."""

    widget = forms.Textarea

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]
        text = " ".join(map(str, value)) if isinstance(value, list) else str(value or "")
        found = (_SHOWN_AT.sub(r"\1", one) for one in re.split(r"[\s,，、;；]+", text.strip()))
        names = [name for name in dict.fromkeys(found) if name]
        wrong = next((name for name in names if not _SLUG.match(name)), None)
        if wrong is not None:
            raise ValidationError(_("“%(name)s” is no address or code.") % {"name": wrong[:40]})
        if len(names) > MAX_ITEMS:
            raise ValidationError(_("At most %(most)s can be named.") % {"most": MAX_ITEMS})
        return names

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(self.to_python(initial) != self.to_python(data))


class MomentField(forms.CharField):
    """A moment in the shop's own time zone; kept with its zone."""

    widget = forms.DateTimeInput

    def prepare_value(self, value: Any) -> Any:
        moment = parse_moment(value)
        return timezone.localtime(moment).strftime(LOCAL) if moment else value

    def to_python(self, value: Any) -> str:
        if not str(value or "").strip():
            return ""
        moment = parse_moment(value)
        if moment is None:
            raise ValidationError(_("This is no moment."))
        return moment.isoformat()


class HueField(forms.IntegerField):
    """A color of the card faces; None leaves the block plain."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            label=gettext_lazy("Color"), required=False, min_value=0, max_value=355, step_size=5,
            help_text=gettext_lazy("0 to 355 in steps of five: 25 red, 90 gold, 145 green, 255 blue."),
            **kwargs,
        )  # fmt: skip


def is_own_link(link: str) -> bool:
    """Whether an address stays in the shop: one slash, no host, nothing that hides one."""
    return (
        link.startswith("/")
        and not link.startswith("//")
        and "\\" not in link
        and all(ord(char) > 32 for char in link)  # noqa: PLR2004  a hidden character can hide a host
    )


def parse_moment(value: Any) -> datetime | None:
    """A moment as stored or as an operator's browser sends it, aware; None when it is none."""
    try:
        moment = parse_datetime(str(value or "").strip().replace(" ", "T", 1))
        if moment is None or timezone.is_aware(moment):
            return moment
        return timezone.make_aware(moment)
    except (ValueError, OverflowError):
        return None
