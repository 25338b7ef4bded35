"""The orders floor: carts, orders, payments and refunds."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OrdersConfig(AppConfig):
    name = "orders"
    verbose_name = _("Orders")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Registries are filled here, once every floor below is loaded (a way up by socket or event).
        from orders import (  # noqa: F401
            balance_wiring,
            desk,
            exchange_wiring,
            flash_wiring,
            group_wiring,
            handlers,
            invariants,
            invite_wiring,
            lottery_wiring,
            wiring,
        )

        wiring.register()
        desk.register()
        lottery_wiring.register()
        exchange_wiring.register()
        flash_wiring.register()
        invite_wiring.register()
        balance_wiring.register()
        group_wiring.register()
