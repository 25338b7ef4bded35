"""Sockets: registries in a lower floor which upper floors fill from `AppConfig.ready()`."""

from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Socket(Generic[T]):
    """A named registry. The same key twice is a programming error, an unknown key a KeyError."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._entries: dict[str, T] = {}

    def register(self, key: str, value: T) -> T:
        if key in self._entries and self._entries[key] is not value:
            raise ValueError(f"{self.name}: {key!r} is taken")
        self._entries[key] = value
        return value

    def get(self, key: str) -> T:
        return self._entries[key]

    def find(self, key: str) -> T | None:
        return self._entries.get(key)

    def all(self) -> dict[str, T]:
        return dict(self._entries)

    def __contains__(self, key: object) -> bool:
        return key in self._entries

    def __iter__(self) -> Iterator[T]:
        return iter(self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)
