from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core import approvals, clock
from core.admin.base import ReadOnlyAdmin
from risk.admin.confirm import confirm
from risk.admin.forms import rule_form
from risk.models import RuleSetting
from risk.rules.table import STANDING
from risk.services.set_rule import ACT, RULES, ask_for_rule
from risk.states import Point


@admin.register(RuleSetting)
class RuleSettingAdmin(ReadOnlyAdmin):
    """All rules, where they stand and with which figures; a change takes two persons."""

    def get_urls(self) -> list[Any]:
        change = path("ask/<str:key>/", self.admin_site.admin_view(self.ask), name="risk_rule_ask")
        return [change, *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        saved = RuleSetting.objects.in_bulk()
        rows = [
            {
                "key": rule.key,
                "point": Point(rule.point).label,
                "rule": rule.rule,
                "parameters": {
                    **rule.parameters,
                    **(saved[rule.key].parameters if rule.key in saved else {}),
                },
                "saved": saved.get(rule.key),
            }
            for rule in STANDING
        ]
        context = {**self.admin_site.each_context(request), "title": _("Risk rules"), "rows": rows}
        return TemplateResponse(request, "admin/risk/rules.html", context)

    def ask(self, request: HttpRequest, key: str) -> HttpResponse:
        """Ask for a change; the second person finds it in the approvals."""
        me = request.user.public_id  # type: ignore[union-attr]
        if not approvals.AUTHORITY.get("may")(me, ACT):
            raise PermissionDenied
        if key not in RULES:
            raise Http404
        saved = RuleSetting.objects.filter(pk=key).first()
        form = rule_form(
            RULES[key],
            enabled=saved.enabled if saved else True,
            dry_run=saved.dry_run if saved else False,
            current=saved.parameters if saved else {},
        )

        def run(data: dict[str, Any]) -> str:
            figures = {name: data[name] for name in data.keys() - {"enabled", "dry_run", "reason"}}
            ask_for_rule(
                key=key,
                parameters=figures,
                enabled=data["enabled"],
                dry_run=data["dry_run"],
                by=me,
                reason=data["reason"],
                now=clock.now(),
            )
            return gettext("Asked for. Another person decides in the approvals.")

        return confirm(
            request,
            title=gettext("Change the rule %(key)s") % {"key": key},
            form=form,
            button=gettext("Ask for it"),
            text=gettext(
                "Nothing changes until a second person agrees. Then it holds within a second, everywhere."
            ),
            back=reverse("admin:risk_rulesetting_changelist"),
            run=run,
        )
