from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RiskConfig(AppConfig):
    name = "risk"
    label = "risk"
    verbose_name = _("Risk")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from core import audit
        from risk import invariants
        from risk.services import set_rule  # noqa: F401  registers its executor

        audit.declare("risk:list_added", "Somebody was put on a block or allow list")
        audit.declare("risk:list_removed", "Somebody was taken off a list")
        audit.declare("risk:rule_changed", "A risk rule was changed")
        invariants.register()
