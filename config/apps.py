"""The configuration package as an app, so that its templates' translations and checks are found."""

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "config"
    default = True
