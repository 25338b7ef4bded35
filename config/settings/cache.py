"""Valkey: cache and the first cheap request limits. Losing it costs latency only. Sessions are not in it."""

from config.settings.environment import env

REDIS_URL = env.str("REDIS_URL", default="redis://127.0.0.1:6379/1")
KEY_PREFIX = env.str("KEY_PREFIX", default="quanyi")

CACHES = {
    "default": {
        "BACKEND": "config.cache.ForgivingRedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": KEY_PREFIX,
        "TIMEOUT": 300,
        "OPTIONS": {"socket_timeout": 0.3, "socket_connect_timeout": 0.2},
    },
}

SESSION_ENGINE = "core.sessions"
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"

RATELIMIT_USE_CACHE = "default"
RATELIMIT_FAIL_OPEN = True
# Redis is not on django-ratelimit's list of backends it calls supported, yet counts atomically.
# A browsers' preload list is a promise for every subdomain; the operator makes it, not we.
SILENCED_SYSTEM_CHECKS = ["django_ratelimit.W001", "security.W021"]
