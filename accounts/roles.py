"""What each staff role may see and change in the back office: an allow-list, not a list of bans.

Patterns are `app.model` or `app.*`; the verbs are Django's. Acts (refund, export, …) are registered
by their floors in `accounts.acts`. Staff without a role see nothing (R-PRM, R10).
"""

from dataclasses import dataclass, field

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.acts import ACTS
from accounts.models import User

VIEW = frozenset({"view"})
EDIT = frozenset({"view", "add", "change"})
ALL = frozenset({"view", "add", "change", "delete"})

# Nobody looks at these in the back office: seeds of second factors, sessions, raw permissions.
HIDDEN = frozenset({"mfa.authenticator", "sessions.session", "auth.permission", "core.datakey"})


@dataclass(frozen=True, slots=True)
class RoleRules:
    """A role: its name for people and what it may do to which models."""

    title: str | Promise
    models: dict[str, frozenset[str]] = field(default_factory=dict)


ROLES: dict[str, RoleRules] = {
    "owner": RoleRules(pgettext_lazy("role", "owner"), {"*": ALL}),
    "operator": RoleRules(
        _("operator"),
        {
            "catalog.*": ALL,
            "fulfillment.*": EDIT,
            "orders.*": EDIT,
            "distribution.*": VIEW,
            "risk.assessment": VIEW,
            "risk.listentry": EDIT,
            "accounts.user": VIEW,
            "accounts.contactpoint": VIEW,
            "accounts.message": EDIT,
            "accounts.memberlevel": EDIT,
            "accounts.memberday": EDIT,
            "accounts.membership": VIEW,
            "accounts.growthentry": VIEW,
            "core.approval": EDIT,
            "core.statechange": VIEW,
            "core.heartbeat": VIEW,
            "core.switchstate": EDIT,
            "core.comparison": VIEW,
            "core.difference": VIEW,
            "core.statement": VIEW,
            "core.statementline": VIEW,
            "import_export.*": VIEW,
        },
    ),
    "support": RoleRules(
        _("support"),
        {
            "catalog.*": VIEW,
            "orders.*": VIEW,
            "distribution.marketorder": VIEW,
            "distribution.marketpush": VIEW,
            "fulfillment.delivery": VIEW,
            "fulfillment.entitlement": VIEW,
            "fulfillment.gift": VIEW,
            "fulfillment.attempt": VIEW,
            "fulfillment.redemption": VIEW,
            "fulfillment.refusedscan": VIEW,
            "fulfillment.merchant": VIEW,
            "fulfillment.store": VIEW,
            "risk.assessment": VIEW,
            "accounts.user": VIEW,
            "accounts.contactpoint": VIEW,
            "accounts.message": EDIT,
            "accounts.memberlevel": VIEW,
            "accounts.memberday": VIEW,
            "accounts.membership": VIEW,
            "accounts.growthentry": VIEW,
            "core.approval": EDIT,
            "core.statechange": VIEW,
        },
    ),
    "finance": RoleRules(
        _("finance"),
        {
            "catalog.*": VIEW,
            "orders.*": VIEW,
            "fulfillment.*": VIEW,
            "distribution.*": VIEW,
            "core.ledgeraccount": VIEW,
            "core.journal": VIEW,
            "core.posting": VIEW,
            "core.accountbalance": VIEW,
            "core.comparison": VIEW,
            "core.difference": VIEW,
            "core.statement": VIEW,
            "core.statementline": VIEW,
            "core.approval": EDIT,
            "core.statechange": VIEW,
        },
    ),
    "auditor": RoleRules(_("auditor"), {"*": VIEW}),
}


def verbs_on(roles: frozenset[str], app_label: str, model: str) -> frozenset[str]:
    """What these roles together may do to a model (lower-case names)."""
    if f"{app_label}.{model}" in HIDDEN:
        return frozenset()
    found: frozenset[str] = frozenset()
    for role in roles & ROLES.keys():
        rules = ROLES[role].models
        for pattern in (f"{app_label}.{model}", f"{app_label}.*", "*"):
            found |= rules.get(pattern, frozenset())
    return found


def has_perm(user: User, perm: str) -> bool:
    """Django's question (`orders.change_order`) answered from the role table."""
    app_label, _dot, codename = perm.partition(".")
    verb, _underscore, model = codename.partition("_")
    return verb in verbs_on(user.role_names, app_label, model)


def has_module_perms(user: User, app_label: str) -> bool:
    """Whether anything of the app is to be seen."""
    for role in user.role_names & ROLES.keys():
        for pattern in ROLES[role].models:
            if pattern == "*" or pattern.split(".")[0] == app_label:
                return True
    return False


def may(user: User | None, act: str) -> bool:
    """Whether this person may do a registered act. Raises KeyError for an act nobody registered."""
    allowed = ACTS.get(act).roles
    return isinstance(user, User) and user.is_active and bool(user.role_names & allowed)


def person_may(public_id: str, act: str) -> bool:
    """The same by public id (`usr_…` or `user:usr_…`); an unknown person may nothing."""
    user = User.objects.filter(public_id=public_id.removeprefix("user:")).first()
    return may(user, act)
