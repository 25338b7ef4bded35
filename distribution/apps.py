"""The distribution floor: others who sell our goods."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DistributionConfig(AppConfig):
    name = "distribution"
    verbose_name = _("Distribution")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Registries are filled here, once every floor below is loaded (a way up by socket or event).
        from distribution import handlers, invariants, wiring  # noqa: F401  app ready

        wiring.register()
