from collections.abc import Mapping
from datetime import datetime

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from core import approvals, audit
from core.models import Approval
from core.tx import part, step
from risk import rulebook
from risk.models import RuleSetting
from risk.rules.table import STANDING

ACTION = "risk.set_rule"
ACT = "risk.edit_rules"
RULES = {standing.key: standing for standing in STANDING}
LARGEST = 10_000_000


@step()
def ask_for_rule(
    *,
    key: str,
    parameters: Mapping[str, int],
    enabled: bool,
    dry_run: bool,
    by: str,
    reason: str,
    now: datetime,
) -> Approval:
    """Ask for other parameters, a dry run or an end of a standing rule; a second person decides.

    Only figures may change: what is counted stays with the code. Raises ValidationError, NotAllowed.
    """
    standing = RULES.get(key)
    figures = (
        {}
        if standing is None
        else {k for k, v in standing.parameters.items() if isinstance(v, int)}
    )
    if standing is None or set(parameters) - set(figures):
        raise ValidationError(_("There is no such rule or parameter."))
    if any(not 0 < value <= LARGEST for value in parameters.values()):
        raise ValidationError(_("Figures are at least 1."))
    return approvals.request(
        action=ACTION,
        subject=f"rule:{key}",
        by=by,
        reason=reason,
        now=now,
        payload={
            "key": key,
            "parameters": dict(parameters),
            "enabled": enabled,
            "dry_run": dry_run,
        },
    )


@approvals.executor(ACTION, act=ACT, title=_("Change a risk rule"))
@part
def _set_rule(approval: Approval, *, now: datetime) -> None:
    wanted = approval.payload
    acting = f"user:{approval.checker}"
    was = RuleSetting.objects.filter(pk=wanted["key"]).first()
    before = (
        {"parameters": was.parameters, "enabled": was.enabled, "dry_run": was.dry_run}
        if was is not None
        else None
    )
    RuleSetting.objects.update_or_create(
        key=wanted["key"],
        defaults={
            "parameters": wanted["parameters"],
            "enabled": wanted["enabled"],
            "dry_run": wanted["dry_run"],
            "changed_by": acting,
            "changed_at": now,
        },
    )
    audit.record(
        tag="risk:rule_changed",
        by=acting,
        subject=f"rule:{wanted['key']}",
        before=before,
        after={k: wanted[k] for k in ("parameters", "enabled", "dry_run")},
        now=now,
    )
    rulebook.changed()
