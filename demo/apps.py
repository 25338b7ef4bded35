from django.apps import AppConfig


class DemoConfig(AppConfig):
    """Goods, code files and people to try the shop with; above all floors, below nothing."""

    name = "demo"
    label = "demo"
    verbose_name = "Demo"
