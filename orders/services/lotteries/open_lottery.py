"""A lottery opens: two persons agree to its table and budget, then it is committed to in public."""

import secrets
from datetime import datetime

from django.db import connection
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from core import approvals, audit, transitions
from core.cache import bump
from core.crypto import seal, sha256_hex
from core.models import Approval
from core.tx import part, step
from orders.models import Lottery, Prize
from orders.prizes import PRIZES
from orders.promotions.draw import SEED_BYTES, BadTable, commitment
from orders.queries.lotteries import CACHE, cost_of, table_of
from orders.states import LotteryState

ACTION = "lotteries.open"
ACT = "lotteries.manage"
OPENED = "lottery:opened"
SET_UP = "lottery:set_up"
MOST_UNITS = 100_000


class Hindrance(TextChoices):
    """Why a lottery cannot open, in words for the operator."""

    SUM = "sum", _("The odds must sum to the whole.")
    FALLBACK = "fallback", _("Exactly one line without end must stand in for what is gone.")
    TABLE = "table", _("A line has no odds, no key, or no pieces.")
    KIND = "kind", _("A prize cannot be given as it is set up.")
    STOCK = "stock", _("Goods need a number of pieces.")
    BUDGET = "budget", _("At the worst the prizes cost more than the budget.")
    OVER = "over", _("Its end has passed.")
    STATE = "state", _("It is open or over already.")


class CannotOpen(ValueError):
    """Nothing has changed; `detail` names the prize, if it is about one."""

    def __init__(self, why: Hindrance, detail: str = "") -> None:
        super().__init__(why.value)
        self.why = why
        self.detail = detail

    @property
    def words(self) -> str:
        return f"{self.why.label} {self.detail}".strip()


def judge(lottery: Lottery, *, now: datetime) -> None:
    """Raise CannotOpen unless the lottery could open now."""
    if lottery.state != LotteryState.DRAFT:
        raise CannotOpen(Hindrance.STATE)
    if lottery.ends_at <= now:
        raise CannotOpen(Hindrance.OVER)
    try:
        table_of(lottery).check()
    except BadTable as bad:
        raise CannotOpen(_HINDRANCES.get(str(bad), Hindrance.TABLE)) from None
    for prize in lottery.prizes.order_by("position", "id"):
        _judge_prize(prize)
    if cost_of(lottery).worst_minor > lottery.budget_minor:
        raise CannotOpen(Hindrance.BUDGET)


_HINDRANCES = {"sum": Hindrance.SUM, "fallback": Hindrance.FALLBACK}


def _judge_prize(prize: Prize) -> None:
    kind = PRIZES.find(prize.kind)
    if kind is None:
        raise CannotOpen(Hindrance.KIND, prize.name)
    if prize.stock is None and not kind.endless:
        raise CannotOpen(Hindrance.STOCK, prize.name)
    if prize.stock is not None and prize.stock > MOST_UNITS:
        raise CannotOpen(Hindrance.STOCK, prize.name)
    if trouble := kind.problem(prize):
        raise CannotOpen(Hindrance.KIND, f"{prize.name}: {trouble}")


def _asked(lottery: Lottery) -> dict[str, object]:
    """What two persons agree to: the table to the letter, its cost and the times."""
    cost = cost_of(lottery)
    prizes = lottery.prizes.order_by("position", "id")
    given = [[one.key, one.kind, one.sku_id, one.ref, one.amount, one.cost_minor] for one in prizes]
    return {
        "lottery": lottery.public_id, "name": lottery.name,
        "table_sha": sha256_hex(table_of(lottery).text().encode()), "given": given,
        "budget_minor": lottery.budget_minor, "expected_minor": cost.expected_minor,
        "worst_minor": cost.worst_minor, "draws_most": lottery.draws_most,
        "starts_at": lottery.starts_at.isoformat(), "ends_at": lottery.ends_at.isoformat(),
    }  # fmt: skip


@step()
def request_opening(*, lottery: str, by: str, reason: str, now: datetime) -> Approval:
    """Ask for a lottery to open. `by` is a public id.

    Raises CannotOpen, approvals.NotAllowed, IntegrityError when it is asked already.
    """
    row = Lottery.objects.get(public_id=lottery)
    judge(row, now=now)
    return approvals.request(
        action=ACTION, subject=row.public_id, payload=_asked(row), by=by, reason=reason, now=now
    )


@part
def carry_out(approval: Approval, *, now: datetime) -> None:
    """Open it: seed drawn and sealed, table and commitment published, pieces cut.

    Raises StalePayload when anything of what was agreed to has changed meanwhile.
    """
    row = Lottery.objects.select_for_update().get(public_id=approval.payload["lottery"])
    try:
        judge(row, now=now)
    except CannotOpen as cannot:
        raise approvals.StalePayload(cannot.words) from None
    if _asked(row) != approval.payload:
        raise approvals.StalePayload(approval.public_id)
    seed, table = secrets.token_bytes(SEED_BYTES), table_of(row).text()
    _cut_units(row)
    row.prizes.update(fixed=True)
    transitions.move(
        Lottery, row.pk, from_=[LotteryState.DRAFT], to=LotteryState.OPEN, now=now,
        by=f"user:{approval.checker}", why=approval.public_id, state_at=now, table_text=table,
        commitment=commitment(seed, table), seed_sealed=seal(seed.hex(), context=row.context),
    )  # fmt: skip
    audit.record(
        tag=OPENED, by=f"user:{approval.checker}", subject=row.public_id, now=now,
        after={"commitment": commitment(seed, table), "asked_by": approval.maker},
    )  # fmt: skip
    bump(CACHE)


@part
def _cut_units(lottery: Lottery) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into orders_prizeunit (prize_id) select p.id from orders_prize p"
            " cross join lateral generate_series(1, p.stock)"
            " where p.lottery_id = %s and p.stock is not null",
            [lottery.pk],
        )
