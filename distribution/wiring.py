"""What this floor hangs into the sockets of the floors below."""

from collections.abc import Callable

from django.utils.translation import gettext_lazy as _

from accounts import acts
from core import approvals, audit
from core.health import QUEUES, Queue
from core.ledger import CHART
from core.rotation import SEALED_COLUMNS, SealedColumn
from distribution import postings
from distribution.services import set_limit
from distribution.services.make_key import key_context
from distribution.services.take_order import asked_context


def _acts() -> None:
    acts.register("market.manage", _("Set up outside channels and their keys"), roles=("operator",))
    acts.register(
        "market.limit", _("Change an outside channel's limit (two persons)"), roles=("finance",)
    )
    acts.register("market.book", _("Book money of an outside channel"), roles=("finance",))
    acts.register(
        "market.statement",
        _("Download an outside channel's statement"),
        roles=("finance", "operator", "auditor"),
    )
    acts.register(
        "market.push", _("Send a result to an outside channel again"), roles=("operator", "support")
    )


def _audit_tags() -> None:
    for tag, title in {
        "market:made": "An outside channel was opened",
        "market:saved": "An outside channel's connection was changed",
        "market:switched": "An outside channel was switched on or off",
        "market:key_made": "An outside channel was given a key",
        "market:key_ended": "A key of an outside channel was ended",
        "market:limit_set": "An outside channel's limit was changed by two persons",
        "market:paid": "Money of an outside channel was booked",
        "market:pushed_again": "A result was sent to an outside channel again",
    }.items():
        audit.declare(tag, title)


def _sealed(model: str, field: str, context: Callable[[str], str]) -> SealedColumn:
    return SealedColumn(model, field, lambda row: context(row.public_id))


def register() -> None:
    """Called once, when every floor below is loaded."""
    _acts()
    _audit_tags()
    for head, row in postings.CHART.items():
        CHART.register(head, row)
    for model, field, context in (
        ("distribution.MarketKey", "secret", key_context),
        ("distribution.MarketOrder", "asked", asked_context),
    ):
        SEALED_COLUMNS.register(f"{model}.{field}", _sealed(model, field, context))
    approvals.executor(
        set_limit.ACTION, act="market.limit", title=_("Change an outside channel's limit")
    )(set_limit.carry_out)
    QUEUES.register(
        "distribution.pushes",
        Queue(
            _("Results to outside channels"),
            "select count(*), min(not_before) from distribution_marketpush"
            " where state = 'waiting' and not_before <= %(now)s",
            late_seconds=600,
        ),
    )
