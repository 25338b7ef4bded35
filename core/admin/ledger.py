from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet, Sum
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import display

from core import ledger
from core.admin.base import ReadOnlyAdmin
from core.ledger import SIGN
from core.models import AccountBalance, Journal, LedgerAccount, Posting
from core.money import format_minor


class PostingInline(TabularInline):
    model = Posting
    hide_title = True
    extra = 0
    can_delete = False
    fields = ["account", "debit", "credit", "subject"]
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @display(description=_("Debit"))
    def debit(self, leg: Posting) -> str:
        return format_minor(leg.amount, leg.currency) if leg.amount > 0 else ""

    @display(description=_("Credit"))
    def credit(self, leg: Posting) -> str:
        return format_minor(-leg.amount, leg.currency) if leg.amount < 0 else ""


@admin.register(Journal)
class JournalAdmin(ReadOnlyAdmin):
    """The ledger explorer: by event, by kind, by what a leg is about."""

    list_display = ["at", "kind", "key", "turnover", "note"]
    list_filter = ["kind"]
    search_fields = ["=key"]
    search_help_text = _("Event key, account code or the id a leg is about")
    date_hierarchy = "at"
    ordering = ["-id"]
    list_per_page = 50
    show_full_result_count = False
    fields = ["at", "kind", "key", "note"]
    inlines = [PostingInline]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Journal], search_term: str
    ) -> tuple[QuerySet[Journal], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        legs = Posting.objects.filter(Q(account_id=term) | Q(subject=term)).values("journal_id")
        return queryset.filter(Q(key=term) | Q(pk__in=legs)), False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Journal]:
        debit = Sum("postings__amount", filter=Q(postings__amount__gt=0))
        journals: QuerySet[Journal] = super().get_queryset(request)
        return journals.annotate(debit_minor=debit)

    @display(description=_("Turnover"))
    def turnover(self, journal: Journal) -> str:
        return format_minor(getattr(journal, "debit_minor", None) or 0)


@admin.register(LedgerAccount)
class LedgerAccountAdmin(ReadOnlyAdmin):
    list_display = ["code", "title", "kind", "floored", "balance"]
    list_filter = ["kind", "floored"]
    search_fields = ["code"]
    ordering = ["code"]

    @display(description=_("Title"))
    def title(self, account: LedgerAccount) -> str:
        row = ledger.CHART.find(account.code.partition(":")[0])
        return str(row.title) if row else ""

    @display(description=_("Balance on its own side"))
    def balance(self, account: LedgerAccount) -> str:
        return format_minor(ledger.balance(account.code) * SIGN[account.kind])


@admin.register(AccountBalance)
class AccountBalanceAdmin(ReadOnlyAdmin):
    list_display = ["account", "currency", "balance_text", "floor_text", "version"]
    search_fields = ["account__code"]
    ordering = ["account"]

    @display(description=_("Balance"))
    def balance_text(self, row: AccountBalance) -> str:
        return format_minor(row.balance * row.sign, row.currency)

    @display(description=_("Floor"))
    def floor_text(self, row: AccountBalance) -> str:
        return format_minor(row.floor, row.currency)
