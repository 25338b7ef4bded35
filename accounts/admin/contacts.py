from django.contrib import admin
from django.http import HttpRequest

from accounts.models import ContactPoint
from core.admin.base import ReadOnlyAdmin


@admin.register(ContactPoint)
class ContactPointAdmin(ReadOnlyAdmin):
    """Phones, masked. The number itself is not shown to staff."""

    list_display = ["masked", "kind", "user", "verified_at", "created_at"]
    list_filter = ["kind"]
    search_fields = ["=public_id", "=user__public_id"]
    list_select_related = ["user"]
    ordering = ["-created_at"]
    fields = ["public_id", "user", "kind", "masked", "verified_at", "created_at"]
    readonly_fields = fields

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Reached from a person's page; not worth a place in the menu."""
        return False
