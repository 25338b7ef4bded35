"""`{% qr code %}`: a QR code drawn by the server into the page; no picture file, no script."""

import segno
from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

register = template.Library()

# A quarter of the modules may be covered or torn and it still reads: it is shown on cracked glass.
ERROR = "q"
QUIET_ZONE = 4
LONGEST = 128


@register.simple_tag
def qr(text: str, label: str = "") -> SafeString:
    """The code, called `label`, as inline SVG on its own white ground, dark on light in both themes."""
    if not text or len(text) > LONGEST:
        return mark_safe("")
    drawn = segno.make(text, error=ERROR, micro=False, boost_error=False).svg_inline(
        border=QUIET_ZONE, omitsize=True, svgclass=None, lineclass=None
    )
    # Everything inside is drawn by segno from modules; the text itself does not appear in it.
    return format_html(
        '<div class="qr-ground" role="img" aria-label="{}">{}</div>',
        label or _("QR code to be scanned at the till"),
        mark_safe(drawn),  # noqa: S308
    )
