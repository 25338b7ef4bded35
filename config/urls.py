"""One map of the house. A floor that has pages brings its own `urls.py`."""

from importlib.util import find_spec

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.i18n import set_language

handler400 = "config.handlers.bad_request"
handler403 = "config.handlers.permission_denied"
handler404 = "config.handlers.not_found"
handler500 = "config.handlers.server_error"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("config.health")),
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
    path("language/", set_language, name="set_language"),
]
urlpatterns += [
    path("", include(f"{floor}.urls"))
    for floor in ("accounts", "orders", "fulfillment", "distribution", "catalog")
    if floor in settings.FLOORS and find_spec(f"{floor}.urls")
]
