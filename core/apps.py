from django.apps import AppConfig
from django.db.models.signals import post_migrate


class CoreConfig(AppConfig):
    name = "core"
    label = "core"
    verbose_name = "Mechanisms"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from core import books, roles  # noqa: PLC0415  app ready

        books.register()
        post_migrate.connect(roles.apply_grants, sender=self, dispatch_uid="core.roles")
