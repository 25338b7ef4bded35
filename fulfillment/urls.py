"""Pages and fragments of this floor, and the address where suppliers call us."""

from django.urls import path, register_converter
from django.urls.converters import get_converters

from core.ids import PublicIdConverter
from fulfillment.views import goods, wallet

if "pid" not in get_converters():
    register_converter(PublicIdConverter, "pid")

app_name = "fulfillment"

urlpatterns = [
    path("deliveries/<pid:reference>/", goods.deliveries, name="deliveries"),
    path("deliveries/<pid:delivery_id>/reveal/", goods.reveal, name="reveal"),
    path("wallet/", wallet.wallet, name="wallet"),
    path("wallet/<pid:entitlement_id>/", wallet.entitlement, name="entitlement"),
    path("suppliers/<slug:code>/callback/", goods.supplier_callback, name="supplier_callback"),
]
