"""The Celery application; tasks live in each floor's `tasks.py`."""

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging, task_prerun
from django_structlog.celery.steps import DjangoStructLogInitStep

from core import wake

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("quanyi")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.steps["worker"].add(DjangoStructLogInitStep)
app.autodiscover_tasks()


@setup_logging.connect
def keep_our_logging(**_: Any) -> None:
    """Celery would install its own handlers, which know nothing of redaction."""


@task_prerun.connect
def let_the_next_wake_up_through(*, task: Any, args: Any = (), **_: Any) -> None:
    """Before a task looks at its rows: what is committed from here on wakes somebody anew."""
    wake.clear(task.name, tuple(args or ()))
