from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class CoreConfig(AppConfig):
    name = "core"
    label = "core"
    verbose_name = _("Mechanisms")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from core import books, roles

        books.register()
        post_migrate.connect(roles.apply_grants, sender=self, dispatch_uid="core.roles")
