"""The rule of a share: how much is always kept for a channel, and until when it holds (D8)."""

from datetime import datetime

from core import audit
from core.tx import step
from fulfillment.models import PoolShare
from fulfillment.states import ShareKind


class NoShare(LookupError):
    """The channel has no such share of this SKU."""


class RuleMakesNoSense(ValueError):
    """A cap keeps nothing, and an end lies in the future."""


@step()
def set_share_rule(
    *, sku_id: int, channel: str, kind: str, keep_units: int, ends_at: datetime | None, by: str,
    why: str, now: datetime,
) -> None:  # fmt: skip
    """Refill a reserve whenever fewer than `keep_units` are left; end the share at `ends_at`.

    The sweeper carries both out. Raises NoShare, RuleMakesNoSense.
    """
    if (kind == ShareKind.CAPPED and keep_units) or (ends_at is not None and ends_at <= now):
        raise RuleMakesNoSense
    share = PoolShare.objects.filter(sku_id=sku_id, channel=channel, kind=kind)
    if not share.update(keep_units=keep_units, ends_at=ends_at):
        raise NoShare(channel)
    audit.record(
        tag="codes:share_rule", by=by, subject=str(sku_id), now=now,
        after={
            "channel": channel, "kind": kind, "keep": keep_units,
            "until": ends_at.isoformat() if ends_at else "", "why": why,
        },
    )  # fmt: skip
