"""The back office's frame: name, colors, side bar, first page. Pages belong to the floors."""

from typing import Any

from django.templatetags.static import static
from django.utils.translation import gettext_lazy as _


def _static(path: str) -> Any:
    """The address of a file of ours, known only once the static files are collected."""
    return lambda _request: static(path)


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": _("Quanyi back office"),
    "SITE_HEADER": "Quanyi",
    "SITE_SUBHEADER": _("Back office"),
    "SITE_URL": "/",
    "SITE_ICON": _static("quanyi/favicon.svg"),
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": _static("quanyi/favicon.svg")}
    ],
    "STYLES": [_static("quanyi/office/desk.css")],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "SHOW_LANGUAGES": True,
    "BORDER_RADIUS": "8px",
    "DASHBOARD_CALLBACK": "config.back_office.front.fill",
    "SIDEBAR": {
        "show_search": True,
        "command_search": True,
        "navigation": "config.back_office.navigation.navigation",
    },
    # The vermilion of the shop, and greys a little warm beside it.
    "COLORS": {
        "base": {
            "50": "oklch(98.6% .003 85)",
            "100": "oklch(96.6% .005 85)",
            "200": "oklch(92.6% .008 82)",
            "300": "oklch(86.8% .010 80)",
            "400": "oklch(71.0% .014 75)",
            "500": "oklch(55.4% .015 70)",
            "600": "oklch(44.6% .014 65)",
            "700": "oklch(37.2% .013 60)",
            "800": "oklch(27.4% .011 55)",
            "900": "oklch(21.2% .009 55)",
            "950": "oklch(15.0% .007 55)",
        },
        "primary": {
            "50": "oklch(97.2% .014 35)",
            "100": "oklch(94.2% .030 35)",
            "200": "oklch(88.8% .060 35)",
            "300": "oklch(81.0% .104 35)",
            "400": "oklch(71.2% .160 34)",
            "500": "oklch(62.6% .186 33)",
            "600": "oklch(55.8% .182 33)",
            "700": "oklch(48.8% .160 33)",
            "800": "oklch(41.8% .134 33)",
            "900": "oklch(36.0% .108 33)",
            "950": "oklch(25.4% .074 33)",
        },
    },
}

# Who may not see the rows may not export them. What is exported goes through core.cells; escaping is
# the net under an export that forgets it.
IMPORT_EXPORT_EXPORT_PERMISSION_CODE = "view"
IMPORT_EXPORT_IMPORT_PERMISSION_CODE = "change"
IMPORT_EXPORT_ESCAPE_FORMULAE_ON_EXPORT = True
