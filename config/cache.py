"""A Redis cache that gives way: without Valkey every read is a miss and every write is lost, and the shop goes on."""

from typing import Any

import structlog
from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)


class ForgivingRedisCache(RedisCache):
    """Django's Redis cache with failures turned into misses."""

    def _quiet(self, error: Exception, operation: str) -> None:
        log.warning("cache_unavailable", operation=operation, error=type(error).__name__)

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        try:
            return super().get(key, default, version)
        except (RedisError, OSError) as error:
            self._quiet(error, "get")
            return default

    def set(
        self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> None:
        try:
            super().set(key, value, timeout, version)
        except (RedisError, OSError) as error:
            self._quiet(error, "set")

    def delete(self, key: str, version: int | None = None) -> bool:
        try:
            return bool(super().delete(key, version))
        except (RedisError, OSError) as error:
            self._quiet(error, "delete")
            return False

    def add(
        self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> bool:
        """Says "added" without Valkey: who asks is a first, cheap net; the limits that hold are in PostgreSQL."""
        try:
            return bool(super().add(key, value, timeout, version))
        except (RedisError, OSError) as error:
            self._quiet(error, "add")
            return True

    def has_key(self, key: str, version: int | None = None) -> bool:
        """Asked by every new session."""
        try:
            return bool(super().has_key(key, version))
        except (RedisError, OSError) as error:
            self._quiet(error, "has_key")
            return False

    def touch(self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        try:
            return bool(super().touch(key, timeout, version))
        except (RedisError, OSError) as error:
            self._quiet(error, "touch")
            return False

    def get_many(self, keys: Any, version: int | None = None) -> dict[str, Any]:
        try:
            return dict(super().get_many(keys, version))
        except (RedisError, OSError) as error:
            self._quiet(error, "get_many")
            return {}

    def delete_many(self, keys: Any, version: int | None = None) -> None:
        try:
            super().delete_many(keys, version)
        except (RedisError, OSError) as error:
            self._quiet(error, "delete_many")
