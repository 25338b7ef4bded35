"""Sweepers do not stand in line behind the wake-ups that they make good."""

from django.conf import settings

from config.schedule import SWEEPS


def test_sweepers_have_a_queue_of_their_own_which_every_worker_serves() -> None:
    keys = {queue.name: queue.routing_key for queue in settings.CELERY_TASK_QUEUES}
    assert set(keys) == {"celery", SWEEPS}
    assert len(set(keys.values())) == len(keys)
    queues = {entry["options"]["queue"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert queues == {SWEEPS}
