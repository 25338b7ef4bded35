from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CatalogConfig(AppConfig):
    name = "catalog"
    label = "catalog"
    verbose_name = _("Catalogue")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from catalog import acts, audit_tags, desk, invariants, level_rights
        from catalog.blocks import kinds

        acts.register()
        audit_tags.register()
        kinds.register()
        invariants.register()
        level_rights.register()
        desk.register()
