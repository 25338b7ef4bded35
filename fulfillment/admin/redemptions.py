"""What was redeemed and what was refused. Facts are read; an undo after its window takes two persons."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import action, display
from unfold.paginator import InfinitePaginator

from core import clock
from core.admin.base import Badge, ReadOnlyAdmin, actor
from core.money import format_minor
from fulfillment.forms import WhyForm
from fulfillment.models import Clerk, Redemption, RedemptionKind, RefusedScan, TillKey
from fulfillment.redemption import RedeemRefused, Refusal
from fulfillment.services.redeeming.undo_redemption import request_undo
from risk.admin.confirm import confirm


def _scanner() -> Coalesce:
    """The name of the clerk or till behind `actor`, else the id itself."""
    clerk = Clerk.objects.filter(public_id=OuterRef("actor")).exclude(name="").values("name")
    till = TillKey.objects.filter(public_id=OuterRef("actor")).values("name")
    return Coalesce(Subquery(clerk[:1]), Subquery(till[:1]), F("actor"))


class ScanAdmin(ReadOnlyAdmin):
    """Long tables: pages without a count, names of who scanned in the same statement."""

    paginator = InfinitePaginator
    show_full_result_count = False
    list_per_page = 50
    ordering = ["-id"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        named: QuerySet[Any] = rows.annotate(scanner=_scanner())
        return named

    @display(description=_("by"))
    def scanned_by(self, row: Any) -> str:
        return str(row.scanner)


@admin.register(Redemption)
class RedemptionAdmin(ScanAdmin):
    """Every use and every undo."""

    list_display = [
        "at", "kind_badge", "sku", "tail", "taken", "store", "scanned_by", "share", "reference",
    ]  # fmt: skip
    list_filter = ["kind", ("merchant", RelatedDropdownFilter), ("store", RelatedDropdownFilter)]
    list_select_related = ["entitlement__sku", "store__merchant", "voucher"]
    search_fields = ["=public_id", "=reference", "=entitlement__public_id", "=actor"]
    search_help_text = _("Redemption, reference (order), entitlement, clerk or till, exactly")
    fields = [
        "public_id", "kind_badge", "at", "sku", "entitlement", "tail", "taken", "left", "merchant",
        "store", "scanned_by", "share", "reference", "channel", "undo_of", "undo_until", "why",
    ]  # fmt: skip
    readonly_fields = fields
    actions_detail = ["undo"]

    @display(description=_("kind"), label={"use": "success", "undo": "warning"})
    def kind_badge(self, row: Redemption) -> Badge:
        return Badge(row.kind, row.get_kind_display())

    @display(description=_("SKU"))
    def sku(self, row: Redemption) -> str:
        return row.entitlement.sku.code

    @display(description=_("Voucher"))
    def tail(self, row: Redemption) -> str:
        return row.voucher.masked

    @display(description=_("Taken"))
    def taken(self, row: Redemption) -> str:
        if row.amount_minor:
            return format_minor(row.amount_minor, row.currency)
        return gettext("%(uses)s times") % {"uses": row.uses}

    @display(description=_("Left after it"))
    def left(self, row: Redemption) -> str:
        if row.amount_left_minor is not None:
            return format_minor(row.amount_left_minor, row.currency)
        return gettext("%(uses)s times") % {"uses": row.uses_left}

    @display(description=_("Merchant's share"))
    def share(self, row: Redemption) -> str:
        return format_minor(row.share_minor, row.currency)

    @action(description=_("Undo this use…"), url_path="undo")
    def undo(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row = get_object_or_404(Redemption, pk=object_id, kind=RedemptionKind.USE)

        def run(data: dict[str, Any]) -> str:
            try:
                request_undo(
                    redemption=row.public_id, by=actor(request).removeprefix("user:"),
                    reason=data["why"], now=clock.now(),
                )  # fmt: skip
            except RedeemRefused as refused:
                raise ValidationError(str(refused)) from None
            return gettext("Asked. It waits for a second person in the inbox.")

        return confirm(
            request,
            title=gettext("Undo this use"),
            text=gettext(
                "What was used comes back on the voucher, and the merchant is no longer owed for it,"
                " once another person has agreed."
            ),
            button=gettext("Ask for it"),
            back=reverse("admin:fulfillment_redemption_change", args=[row.pk]),
            run=run,
            form=WhyForm,
            act="redemptions.undo",
        )


@admin.register(RefusedScan)
class RefusedScanAdmin(ScanAdmin):
    """Every scan that was refused: read it for guesses, for worn codes, for what confuses clerks."""

    list_display = ["at", "reason_badge", "store", "scanned_by", "tail"]
    list_filter = ["reason", ("store", RelatedDropdownFilter)]
    list_select_related = ["store", "voucher"]
    search_fields = ["=actor"]
    fields = ["at", "reason_badge", "store", "scanned_by", "tail"]
    readonly_fields = fields

    @display(
        description=_("reason"),
        label={"unknown_code": "danger", "replaced": "warning", "revoked": "warning"},
    )
    def reason_badge(self, row: RefusedScan) -> Badge:
        known = row.reason in Refusal.values
        return Badge(row.reason, REASONS[Refusal(row.reason)] if known else row.reason)

    @display(description=_("Voucher"))
    def tail(self, row: RefusedScan) -> str:
        return row.voucher.masked if row.voucher else "—"


# The sentences of Refusal are for customers; these are for a column.
REASONS = {
    Refusal.MALFORMED: _("misread"),
    Refusal.UNKNOWN_CODE: _("unknown code"),
    Refusal.REPLACED: _("replaced code"),
    Refusal.NOT_YET_VALID: _("not yet valid"),
    Refusal.EXPIRED: _("expired"),
    Refusal.REVOKED: _("taken back"),
    Refusal.INACTIVE: _("not activated"),
    Refusal.GIVEN: _("on its way to a friend"),
    Refusal.WRONG_MERCHANT: _("another merchant's"),
    Refusal.WRONG_STORE: _("another store's"),
    Refusal.OUTSIDE_HOURS: _("outside its hours"),
    Refusal.USED_UP: _("used up"),
    Refusal.TOO_MUCH: _("not enough left"),
    Refusal.WRONG_MEASURE: _("times instead of amount"),
    Refusal.NONCE_REUSED: _("scan sent twice"),
    Refusal.ALREADY_UNDONE: _("undone before"),
    Refusal.UNDO_TOO_LATE: _("undone too late"),
    Refusal.NOT_YOURS: _("somebody else's scan"),
    Refusal.NO_SUCH_USE: _("no such use"),
    Refusal.CLERK_OFF: _("access off"),
    Refusal.STORE_OFF: _("store off"),
    Refusal.LIMITED: _("too many wrong codes"),
}
