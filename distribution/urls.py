"""Where outside channels call us (docs/marketplaces.md)."""

from django.urls import path

from distribution.views import market

app_name = "distribution"

urlpatterns = [
    path("api/market/b/<slug:action>", market.market, name="market"),
]
