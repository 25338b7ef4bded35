"""The Celery application; tasks live in each floor's `tasks.py`."""

import os
import sys
from typing import Any

from celery import Celery
from celery.signals import setup_logging, task_postrun, task_prerun
from django.db import close_old_connections
from django_structlog.celery.steps import DjangoStructLogInitStep

from core import wake

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("quanyi")
app.config_from_object("django.conf:settings", namespace="CELERY")
# Celery would close the pool with all its connections before and after every task; a new one costs
# the database more than most tasks do. `lend_connections` gives them back instead.
app.conf["CELERY_DB_REUSE_MAX"] = sys.maxsize
app.steps["worker"].add(DjangoStructLogInitStep)
app.autodiscover_tasks()


@setup_logging.connect
def keep_our_logging(**_: Any) -> None:
    """Celery would install its own handlers, which know nothing of redaction."""


@task_prerun.connect
def let_the_next_wake_up_through(*, task: Any, args: Any = (), **_: Any) -> None:
    """Before a task looks at its rows: what is committed from here on wakes somebody anew."""
    wake.clear(task.name, tuple(args or ()))


@task_prerun.connect
@task_postrun.connect
def lend_connections(*, task: Any, **_: Any) -> None:
    """As a request does: a task borrows its connection from the pool and gives it back."""
    if not task.request.is_eager:
        close_old_connections()
