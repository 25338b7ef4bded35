"""What this floor hangs into the sockets of core: acts, audit tags, sealed columns, invariants."""

from django.utils.translation import gettext_lazy as _

from accounts import acts, level_invariants, step_up
from accounts.models import ContactPoint, Message, SealedSecret
from accounts.roles import person_may
from core import approvals, audit, invariants
from core.rotation import SEALED_COLUMNS, SealedColumn


def register() -> None:
    """Called once, from AppConfig.ready()."""
    acts.register("accounts.grant_role", _("Give or take staff roles"))
    acts.register("accounts.reset_second_factor", _("Reset somebody's second factor"))
    acts.register(
        "accounts.lock_person", _("Lock or unlock an account"), roles=("operator", "support")
    )
    acts.register(
        "accounts.resend_message", _("Send a message again"), roles=("operator", "support")
    )
    acts.register("accounts.give_growth", _("Give or take growth"), roles=("operator",))
    acts.register("risk.edit_lists", _("Put people on block and allow lists"), roles=("operator",))
    acts.register("outbox.revive", _("Tell facts again that were given up"))
    acts.register("books.compare", _("Compare books and take in statements"), roles=("finance",))
    acts.register(
        "books.close",
        _("Take and close differences between books"),
        roles=("finance", "operator"),
    )
    acts.register("books.correct", _("Correct the ledger (two persons)"), roles=("finance",))
    acts.register("switches.throw", _("Throw a switch"), roles=("operator",))
    acts.register("risk.edit_rules", _("Change or switch off risk rules"))
    approvals.AUTHORITY.register("may", person_may)
    approvals.STEP_UP.register("code", step_up.code_again)
    _names()
    _declare_tags()
    _seal_columns()
    _invariants()
    level_invariants.register()
    from accounts.services import grant_role  # noqa: F401  registers its executor


def _names() -> None:
    from accounts.queries import card_of, name_of
    from core.admin.who import CARDS, NAMES

    NAMES.register("people", name_of)
    CARDS.register("people", card_of)


def _declare_tags() -> None:
    audit.declare("staff:role_granted", "A staff role was given")
    audit.declare("staff:role_revoked", "A staff role was taken")
    audit.declare("staff:second_factor_reset", "Somebody's second factor was reset")
    audit.declare("person:locked", "An account was locked")
    audit.declare("person:unlocked", "An account was unlocked")
    audit.declare("person:phone_verified", "A phone was verified for an account")
    audit.declare("level:edited", "A member level or a member day was edited")
    audit.declare("level:growth_given", "Growth was given or taken by staff")
    audit.declare("message:resent", "A message was queued again by hand")


def _seal_columns() -> None:
    for model in (ContactPoint, Message, SealedSecret):
        label = model._meta.label
        SEALED_COLUMNS.register(
            f"{label}.sealed", SealedColumn(label, "sealed", lambda row: row.context)
        )


def _invariants() -> None:
    invariants.register(
        "INV-U1",
        "A verified phone has one holder",
        """select encode(value_index, 'hex') as value_index, count(*) from accounts_contactpoint
           where verified_at is not null group by value_index, kind having count(*) > 1""",
    )
    invariants.register(
        "INV-U2",
        "A staff role rests on an approval of two persons, or is a founder's",
        """select r.id, r.role, r.approval from accounts_staffrole r
           left join core_approval a on a.public_id = r.approval
             and a.action = 'accounts.grant_role' and a.state = 'executed' and a.checker <> a.maker
           where a.id is null and r.approval not in ('first-owner', 'second-owner')""",
    )
    invariants.register(
        "INV-U3",
        "Who is staff has a role, and who has a role is staff",
        """select u.public_id, u.is_staff from accounts_user u
           where u.is_staff <> exists (
               select 1 from accounts_staffrole r where r.user_id = u.id and r.revoked_at is null)""",
    )
    invariants.register(
        "INV-U4",
        "A message does not wait long beyond its time",
        """select public_id, template from accounts_message
           where state = 'queued' and coalesce(not_before, created_at)
                 < %(now)s::timestamptz - make_interval(secs => 900 * %(grace)s::float)""",
    )
