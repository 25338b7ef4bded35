from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from core.admin.base import Badge, ReadOnlyAdmin
from core.admin.who import who
from core.models import Statement, StatementLine
from core.money import format_minor
from core.reconciliation.statements import file_of

OUTCOME_LABELS = {
    "matched": "success", "other_day": "success", "open": "info", "break": "danger",
    "malformed": "danger", "": "",
}  # fmt: skip


@admin.register(Statement)
class StatementAdmin(ReadOnlyAdmin):
    """Other parties' statements, as they came."""

    list_display = [
        "day",
        "party",
        "line_count",
        "malformed_count",
        "source",
        "current",
        "received_at",
        "who_brought",
    ]
    list_filter = ["party", "source", "current", "day"]
    search_fields = ["=public_id", "=sha256"]
    ordering = ["-day", "party", "-id"]
    fields = ["public_id", "party", "day", "source", "who_brought", "received_at", "current",
              "line_count", "malformed_count", "sha256", "lines_link", "file_link"]  # fmt: skip
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Statement]:
        statements: QuerySet[Statement] = super().get_queryset(request)
        return statements.defer("body")

    def get_urls(self) -> list[Any]:
        file = path(
            "<int:pk>/file/", self.admin_site.admin_view(self.file), name="core_statement_file"
        )
        return [file, *super().get_urls()]

    @display(description=_("by"))
    def who_brought(self, statement: Statement) -> str:
        return who(statement.by)

    @display(description=_("Lines"))
    def lines_link(self, statement: Statement) -> SafeString:
        url = reverse("admin:core_statementline_changelist")
        return format_html(
            '<a class="text-primary-600" href="{}?statement__id__exact={}">{}</a>', url,
            statement.pk, _("Show the lines"),
        )  # fmt: skip

    @display(description=_("File"))
    def file_link(self, statement: Statement) -> SafeString:
        url = reverse("admin:core_statement_file", args=[statement.pk])
        return format_html('<a class="text-primary-600" href="{}">{}</a>', url, _("As it came"))

    def file(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The bytes that were received; never shown in the page."""
        statement = get_object_or_404(Statement, pk=pk)
        if not self.has_view_permission(request, statement):
            raise PermissionDenied
        name = f"{statement.party.replace(':', '-')}-{statement.day.isoformat()}.csv"
        return HttpResponse(
            file_of(statement), content_type="application/octet-stream",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )  # fmt: skip


@admin.register(StatementLine)
class StatementLineAdmin(ReadOnlyAdmin):
    """Lines of statements, each with what became of it."""

    list_display = [
        "position",
        "kind",
        "number",
        "their_no",
        "amount",
        "fee",
        "at",
        "outcome_badge",
        "problem",
    ]
    list_filter = ["outcome", "kind"]
    search_fields = ["=number", "=their_no"]
    search_help_text = _("Exact number of ours or theirs")
    list_select_related = ["statement"]
    ordering = ["statement_id", "position"]
    list_per_page = 100
    show_full_result_count = False
    fields = ["statement", "position", "kind", "number", "their_no", "amount", "fee", "after", "at",
              "outcome_badge", "problem"]  # fmt: skip
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[StatementLine]:
        lines: QuerySet[StatementLine] = super().get_queryset(request)
        return lines.defer("statement__body")

    @display(description=_("Amount"))
    def amount(self, line: StatementLine) -> str:
        return format_minor(line.amount_minor, line.currency)

    @display(description=_("Fee"))
    def fee(self, line: StatementLine) -> str:
        return format_minor(line.fee_minor, line.currency) if line.fee_minor else "–"

    @display(description=_("Balance after"))
    def after(self, line: StatementLine) -> str:
        return "–" if line.after_minor is None else format_minor(line.after_minor, line.currency)

    @display(description=_("Outcome"), label=OUTCOME_LABELS)
    def outcome_badge(self, line: StatementLine) -> Badge:
        return Badge(line.outcome, line.get_outcome_display() or "–")
