"""Give a person points or a coupon for something they did, once for ever."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from core import transitions
from core.tx import part
from orders.models import Promotion, Reward
from orders.models.points import LotKind
from orders.models.reward import RewardKind
from orders.services.coupons.grant_coupon import grant_coupon
from orders.services.points.points_book import grant_points
from orders.states import RewardState


@dataclass(frozen=True, slots=True)
class Terms:
    """What is given: whole points that are good for `days`, or a coupon of a promotion.

    `worth_minor` is what a coupon counts against the budget, minor units.
    """

    kind: str
    points: int = 0
    promotion: Promotion | None = None
    worth_minor: int = 0
    days: int | None = None

    @property
    def budget(self) -> dict[str, int]:
        """What it takes of a budget."""
        if self.kind == RewardKind.POINTS:
            return {"points": self.points, "minor": 0}
        return {"points": 0, "minor": self.worth_minor if self.kind == RewardKind.COUPON else 0}


@part
def give_reward(
    *, key: str, owner: str, terms: Terms, source: str, subject: str, by: str, now: datetime
) -> bool:
    """Give it, once for `key` (at most 96 characters); False when it was given or is nothing.

    `owner`, `source` (the programme) and `subject` (the cause) are public ids. Budgets are the
    caller's. Whoever rewards several people does so in the order of their ids: their balances are
    locked. Raises grant_coupon.NoSuchCoupon. Source: M8, M11.
    """
    if terms.kind == RewardKind.NONE or Reward.objects.filter(key=key).exists():
        return False
    row = Reward(
        key=key, owner=owner, source=source, subject=subject, kind=terms.kind, created_at=now,
        state_at=now,
    )  # fmt: skip
    if terms.kind == RewardKind.POINTS:
        row.points = terms.points
        ends = now + timedelta(days=terms.days) if terms.days else None
        grant_points(
            owner=owner, points=terms.points, kind=LotKind.REWARD, key=points_key(row.public_id),
            subject=row.public_id, expires_at=ends, now=now,
        )  # fmt: skip
    else:
        row.promotion, row.worth_minor = terms.promotion, terms.worth_minor
        assert terms.promotion is not None, "the programme's constraint asks for it"
        row.coupon = grant_coupon(
            promotion=terms.promotion.public_id, owner=owner, event=f"reward:{row.public_id}",
            by=by, now=now,
        )  # fmt: skip
    row.save(force_insert=True)
    transitions.begin(
        entity="reward", subject=row.public_id, state=RewardState.GIVEN, now=now, by=by, why=key
    )
    return True


def points_key(reward: str) -> str:
    """Of the journal and the lot of a reward in points, by its public id."""
    return f"points.reward:{reward}"
