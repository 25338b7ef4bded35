"""Top floor: settings, urls, middleware order, Celery and WSGI. No business rules."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
