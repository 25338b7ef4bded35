"""The orders floor: carts, orders, payments and refunds."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OrdersConfig(AppConfig):
    name = "orders"
    verbose_name = _("Orders")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Registries are filled here, once every floor below is loaded (a way up by socket or event).
        from orders import desk, handlers, invariants, wiring  # noqa: F401

        wiring.register()
        desk.register()
