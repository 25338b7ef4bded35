"""What Celery does around a task of ours."""

import pytest
from celery.fixups.django import DjangoWorkerFixup
from celery.signals import task_postrun, task_prerun
from django.db import connection

from config.celery import app

pytestmark = pytest.mark.usefixtures("committed")


def backend() -> int:
    with connection.cursor() as cursor:
        cursor.execute("select pg_backend_pid()")
        return int(cursor.fetchone()[0])


def around_a_task(fixup: DjangoWorkerFixup) -> None:
    """What happens to the connection from before a task until after it."""
    app.loader.import_default_modules()
    task = app.tasks["core.relay"]
    fixup.close_database()
    task_prerun.send(sender=task, task=task, args=())
    fixup.close_database()
    task_postrun.send(sender=task, task=task)


def test_tasks_borrow_one_connection_after_the_other() -> None:
    first = backend()
    for _ in range(3):
        around_a_task(DjangoWorkerFixup(app))
    assert backend() == first


def test_celery_left_alone_would_make_a_new_one_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, fixup = backend(), DjangoWorkerFixup(app)
    monkeypatch.setattr(fixup, "db_reuse_max", None)
    around_a_task(fixup)
    assert backend() != first
