"""What every page of the back office shares: facts are read, acts are services."""

from collections.abc import Sequence
from typing import Any, Self

from django.http import HttpRequest
from django.utils.html import escape
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin

from core.admin.readable import Readable


class ReadOnlyAdmin(Readable, ModelAdmin):
    """A list and a detail page; nothing is added, edited or deleted through the form."""

    actions: Sequence[str] | None = None

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class Badge(tuple[str, str]):
    """A state and its name: a colored label in a list, the name alone in a record."""

    __slots__ = ()

    def __new__(cls, state: str, name: object) -> Self:
        return super().__new__(cls, (state, str(name)))

    def __html__(self) -> SafeString:
        return escape(self[1])


def actor(request: HttpRequest) -> str:
    """Who acts, as history and audit write it."""
    return f"user:{request.user.public_id}"  # type: ignore[union-attr]
