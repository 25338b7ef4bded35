"""Pages and fragments of this floor, and the address where suppliers call us."""

from django.urls import path, register_converter
from django.urls.converters import get_converters

from core.ids import PublicIdConverter
from fulfillment import views

if "pid" not in get_converters():
    register_converter(PublicIdConverter, "pid")

app_name = "fulfillment"

urlpatterns = [
    path("deliveries/<pid:reference>/", views.deliveries, name="deliveries"),
    path("deliveries/<pid:delivery_id>/reveal/", views.reveal, name="reveal"),
    path("wallet/", views.wallet, name="wallet"),
    path("wallet/<pid:entitlement_id>/", views.entitlement, name="entitlement"),
    path("suppliers/<slug:code>/callback/", views.supplier_callback, name="supplier_callback"),
]
