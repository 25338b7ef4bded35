"""The fulfillment floor: the code vault, deliveries, suppliers and what people own."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FulfillmentConfig(AppConfig):
    name = "fulfillment"
    verbose_name = _("Fulfillment")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Registries are filled here, once every floor below is loaded.
        from fulfillment import desk, invariants, wiring  # noqa: F401  app ready
        from fulfillment.invariants import routing  # noqa: F401  app ready
        from fulfillment.wiring import edition, purchasing, settlement, wallet  # noqa: F401  app ready

        desk.register()
