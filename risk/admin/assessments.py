from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from core import clock
from core.admin.audit import pretty
from core.admin.base import Badge, ReadOnlyAdmin, actor
from risk.admin.confirm import confirm
from risk.admin.forms import BlockForm, expiry
from risk.models import Assessment
from risk.services.add_entry import block_address_of
from risk.states import Reason, Verdict


@admin.register(Assessment)
class AssessmentAdmin(ReadOnlyAdmin):
    """Every request that was judged, with the rules that spoke and what they saw."""

    list_display = ["at", "point", "verdict_badge", "why", "subject", "ip", "public_id"]
    list_filter = ["verdict", "point", "reason"]
    search_fields = ["=public_id", "=subject"]
    search_help_text = _("Exact assessment or subject")
    date_hierarchy = "at"
    ordering = ["-id"]
    list_per_page = 50
    show_full_result_count = False
    fields = [
        "public_id",
        "at",
        "point",
        "subject",
        "verdict_badge",
        "why",
        "explanation",
        "what_we_knew",
    ]
    readonly_fields = fields
    actions_detail = ["block_address"]

    @display(
        description=_("Verdict"),
        label={
            "allow": "success",
            "review": "info",
            "challenge": "warning",
            "limit": "warning",
            "refuse": "danger",
        },
    )
    def verdict_badge(self, row: Assessment) -> Badge:
        return Badge(row.verdict, str(Verdict(row.verdict).label))

    @display(description=_("Why"))
    def why(self, row: Assessment) -> str:
        return str(Reason(row.reason).label)

    @display(description=_("Address"))
    def ip(self, row: Assessment) -> str:
        return str(row.facts.get("ip", "–"))

    @display(description=_("Rules that spoke"))
    def explanation(self, row: Assessment) -> SafeString | str:
        if not row.rules:
            return gettext("None: the request was clean.")
        return format_html_join("", "<p>{}</p>", ((_sentence(rule),) for rule in row.rules))

    @display(description=_("What we knew"))
    def what_we_knew(self, row: Assessment) -> SafeString | str:
        return pretty(row.facts)

    @action(description=_("Block this address…"), url_path="block")
    def block_address(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row = get_object_or_404(Assessment, pk=object_id)
        if "ip_index" not in row.facts:
            return confirm_nothing(request, row)

        def run(data: dict[str, object]) -> str:
            now = clock.now()
            block_address_of(
                assessment=row,
                reason=str(data["reason"]),
                expires_at=expiry(data, now),
                by=actor(request),
                now=now,
            )
            return gettext("The address is on the block list.")

        return confirm(
            request,
            act="risk.edit_lists",
            title=gettext("Block an address"),
            form=BlockForm,
            button=gettext("Block"),
            text=gettext("Every request from %(ip)s is refused from now on, at all points.")
            % {"ip": row.facts["ip"]},
            back=reverse("admin:risk_assessment_change", args=[row.pk]),
            run=run,
        )


def confirm_nothing(request: HttpRequest, row: Assessment) -> HttpResponse:
    """The assessment has no address."""
    return confirm(
        request,
        act="risk.edit_lists",
        title=gettext("Block an address"),
        text=gettext("This request had no address."),
        button=gettext("Back"),
        back=reverse("admin:risk_assessment_change", args=[row.pk]),
        run=lambda _data: gettext("Nothing was changed."),
    )


def _sentence(rule: dict[str, object]) -> str:
    """`order.ip: limit — That was too often. (limit 60, seconds 600)`, marked when it was a dry run."""
    details = ", ".join(f"{name} {value}" for name, value in dict(rule["details"]).items())  # type: ignore[call-overload]
    verdict, reason = Verdict(str(rule["verdict"])).label, Reason(str(rule["reason"])).label
    dry = f" [{gettext('dry run')}]" if rule["dry_run"] else ""
    return f"{rule['rule']}: {verdict} — {reason} ({details}){dry}"
