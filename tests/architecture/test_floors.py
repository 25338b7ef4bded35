"""The staircase holds for packages, foreign keys, tasks and signals, as import-linter holds it for imports."""

import ast
import re

from django.apps import apps
from django.conf import settings
from django.db import models

from config.celery import app as celery
from tests.architecture.tree import FLOORS, ROOT, named, pyproject, python

HEIGHT = {name: height for height, name in enumerate(FLOORS)}
# The user model is ours; Django's own tables lie under everything.
GROUND = {"auth", "contenttypes", "sessions", "admin", "account", "mfa", "usersessions"}
# What AppConfig.ready() may listen to: migration is not business.
LAWFUL_SIGNALS = {"post_migrate"}


def _layers() -> list[str]:
    contracts = pyproject()["tool"]["importlinter"]["contracts"]
    floors = next(each for each in contracts if each["id"] == "floors")
    return [name.strip("()") for name in floors["layers"]]


def test_every_package_with_an_app_is_in_the_contract() -> None:
    found = {path.parent.name for path in ROOT.glob("*/apps.py")} - {"demo"}
    assert found <= set(_layers())
    assert found - {"config"} == set(settings.FLOORS)


def test_the_contract_has_the_order_of_the_house() -> None:
    assert _layers() == list(reversed(FLOORS))


def test_foreign_keys_follow_the_stairs() -> None:
    wrong = []
    for model in apps.get_models():
        floor = model._meta.app_label
        if floor not in HEIGHT:
            continue
        for field in model._meta.get_fields():
            if not isinstance(
                field, models.ForeignKey | models.OneToOneField | models.ManyToManyField
            ):
                continue
            target = field.related_model._meta.app_label
            if target not in GROUND and HEIGHT.get(target, len(HEIGHT)) > HEIGHT[floor]:
                wrong.append(f"{model.__name__}.{field.name} → {target}")
    assert wrong == []


def test_risk_has_no_foreign_keys_to_other_floors() -> None:
    fields = [
        field
        for model in apps.get_app_config("risk").get_models()
        for field in model._meta.get_fields()
    ]
    keys = [field for field in fields if isinstance(field, models.ForeignKey)]
    assert [
        str(field) for field in keys if field.related_model._meta.app_label not in {"risk", "core"}
    ] == []


def test_beat_wakes_only_tasks_that_exist() -> None:
    celery.loader.import_default_modules()
    named_tasks = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert named_tasks - set(celery.tasks) == set()


def test_every_sweep_is_woken_by_beat() -> None:
    celery.loader.import_default_modules()
    ours = {
        name
        for name in celery.tasks
        if name.split(".")[0] in HEIGHT and name.endswith((".sweep", ".relay"))
    }
    assert ours - {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} == set()


def test_tasks_carry_the_name_of_their_floor() -> None:
    celery.loader.import_default_modules()
    strangers = {name for name in celery.tasks if not name.startswith("celery.")}
    assert {name for name in strangers if name.split(".")[0] not in HEIGHT} == set()


def test_no_business_in_signals_or_save() -> None:
    wrong = []
    for path in python():
        if named(path).split("/")[0] not in HEIGHT:
            continue
        names: list[tuple[int, str]] = []
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.FunctionDef)
                and node.name in {"save", "delete"}
                and "models" in path.parts
            ):
                wrong.append(f"{named(path)}:{node.lineno} overrides {node.name}()")
            if (
                isinstance(node, ast.Attribute)
                and node.attr == "connect"
                and isinstance(node.value, ast.Name)
            ):
                names.append((node.lineno, node.value.id))
        heard = [(line, name) for line, name in names if re.search(r"^(?:pre|post|m2m)_", name)]
        wrong += [
            f"{named(path)}:{line} listens to {name}"
            for line, name in heard
            if name not in LAWFUL_SIGNALS
        ]
    assert wrong == []


def test_models_live_under_models() -> None:
    misplaced = [
        f"{model.__module__}.{model.__name__}"
        for floor in settings.FLOORS
        for model in apps.get_app_config(floor).get_models()
        if not model.__module__.startswith(f"{floor}.models.")
    ]
    assert misplaced == []
