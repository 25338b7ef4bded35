"""Celery, a hint and never the truth: every task may be lost or run twice (see docs/road.md)."""

from typing import Any

from kombu.entity import Queue

from config.schedule import SWEEPS, beat_schedule
from config.settings.clocks import INVARIANT_SECONDS, SWEEP_SECONDS, VISIBILITY_SECONDS
from config.settings.environment import env
from config.settings.i18n import TIME_ZONE

BROKER_URL = env.str("BROKER_URL", default="redis://127.0.0.1:6379/0")

CELERY_BROKER_URL = BROKER_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_TIMEOUT = 2
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {
    "visibility_timeout": VISIBILITY_SECONDS,
    "unacked_restore_interval": max(1, min(5, VISIBILITY_SECONDS // 4)),
    "unacked_restore_throttle": 1,
    "global_keyprefix": env.str("KEY_PREFIX", default="quanyi") + ":",
    "socket_connect_timeout": 0.2,
    "socket_keepalive": True,
}
CELERY_TASK_QUEUES = [Queue(name, routing_key=name) for name in ("celery", SWEEPS)]
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SOFT_TIME_LIMIT = env.int("TASK_SOFT_SECONDS", default=120)
CELERY_TASK_TIME_LIMIT = env.int("TASK_HARD_SECONDS", default=150)
CELERY_TASK_PUBLISH_RETRY = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_TIMEZONE = TIME_ZONE
CELERY_ENABLE_UTC = True
CELERY_BEAT_SCHEDULE = beat_schedule(sweep=SWEEP_SECONDS, invariants=INVARIANT_SECONDS)
