"""Points for what was paid: noted when an order is complete, credited when its refund window is
over, taken back in proportion when its money goes back."""

from datetime import datetime, timedelta

from django.db.models import Q, Sum

from catalog.queries import names_of
from core.each import each
from core.tx import part, step
from orders.models import Order, OrderLine, PointsEarning, PointsRule, RefundLine
from orders.models.points import LotKind, Rounding
from orders.promotions.values import Line, Scope
from orders.queries.orders import lock_order
from orders.services.points.points_book import grant_points, take_points
from orders.states import RefundState

WHOLE_BP = 10_000


@part
def note_earnings(*, order: str, now: datetime) -> int:
    """Note what a complete order earns its buyer, once by each rule in force when it was paid.

    Rules without a refund window are credited at once. Returns how many were noted now; a guest
    earns nothing. Source: M6.
    """
    row = lock_order(order)
    if row is None or not row.owner or row.paid_at is None:
        return 0
    lines = list(row.lines.order_by("position"))
    names = names_of([line.sku_id for line in lines])
    noted = 0
    for rule in rules_at(row.paid_at):
        mine = [line for line in lines if _covers(rule, line, names.get(line.sku_id))]
        paid = sum(line.paid_minor for line in mine)
        points = earned(rule, paid, at=row.paid_at)
        if not points:
            continue
        due = (row.completed_at or now) + timedelta(days=rule.wait_days)
        _earning, made = PointsEarning.objects.get_or_create(
            order=row, rule=rule,
            defaults={
                "owner": row.owner, "lines": [line.public_id for line in mine],
                "paid_minor": paid, "points": points, "due_at": due, "created_at": now,
                "ends_at": due + timedelta(days=rule.life_days) if rule.life_days else None,
            },
        )  # fmt: skip
        noted += made
    settle_earnings(order=order, now=now)
    for earning in PointsEarning.objects.filter(order=row, credited_at=None, due_at__lte=now):
        _credit(earning, row.public_id, now)
    return noted


@part
def settle_earnings(*, order: str, now: datetime) -> int:
    """Take back what refunds of an order cost of its points; returns how many points.

    What is kept is in proportion to the money that was kept, rounded down. Never below zero: what
    is missing is owed and comes off the next points.
    """
    row = lock_order(order)
    if row is None:
        return 0
    back = 0
    for earning in PointsEarning.objects.select_for_update().filter(order=row).order_by("id"):
        gone = earning.points - kept_points(earning)
        more = gone - earning.taken_back
        if more <= 0:
            continue
        PointsEarning.objects.filter(pk=earning.pk).update(taken_back=gone)
        back += more
        if earning.credited_at is not None:
            take_points(
                owner=earning.owner, points=more, key=f"points.unearned:{earning.pk}:{gone}",
                kind="points.unearned", subject=row.public_id, now=now,
                lot_key=_key(earning, row.public_id),
            )  # fmt: skip
    return back


def credit_points(*, now: datetime, limit: int = 200) -> int:
    """Credit everything whose refund window is over, each in its own step; returns how many."""
    due = PointsEarning.objects.filter(credited_at=None, due_at__lte=now).order_by("due_at", "id")
    ids = list(due.values_list("pk", flat=True)[:limit])
    return each(lambda pk: credit_earning(pk=pk, now=now), ids, name="credit_points")


@step()
def credit_earning(*, pk: int, now: datetime) -> bool:
    """Credit one that is due; False when somebody else did."""
    earning = PointsEarning.objects.select_for_update(of=("self",)).get(pk=pk)
    if earning.credited_at is not None or earning.due_at > now:
        return False
    order = Order.objects.values_list("public_id", flat=True).get(pk=earning.order_id)
    return _credit(earning, order, now)


def rules_at(at: datetime) -> list[PointsRule]:
    """Rules in force at a moment, oldest first."""
    started = Q(starts_at=None) | Q(starts_at__lte=at)
    going = Q(ends_at=None) | Q(ends_at__gt=at)
    return list(PointsRule.objects.filter(started, going, is_active=True).order_by("id"))


def earned(rule: PointsRule, paid_minor: int, *, at: datetime) -> int:
    """Whole points for an amount (minor units) at a moment, rounded once, at the end."""
    after = rule.multiplied_from is None or rule.multiplied_from <= at
    before = rule.multiplied_until is None or at < rule.multiplied_until
    multiplier = rule.multiplier_bp if after and before else WHOLE_BP
    top, bottom = paid_minor * rule.points * multiplier, rule.per_minor * WHOLE_BP
    if rule.rounding == Rounding.UP:
        return -(-top // bottom)
    if rule.rounding == Rounding.HALF:
        return (2 * top + bottom) // (2 * bottom)
    return top // bottom


def kept_points(earning: PointsEarning) -> int:
    """What of it the buyer keeps, by the money of its lines that has not gone back."""
    gone = RefundLine.objects.filter(line__public_id__in=earning.lines)
    gone = gone.exclude(refund__state=RefundState.REJECTED)
    back = gone.aggregate(sum=Sum("amount_minor"))["sum"] or 0
    return earning.points * max(0, earning.paid_minor - back) // earning.paid_minor


def _credit(earning: PointsEarning, order: str, now: datetime) -> bool:
    PointsEarning.objects.filter(pk=earning.pk).update(credited_at=now)
    earning.refresh_from_db(fields=["taken_back"])
    grant_points(
        owner=earning.owner, points=earning.points - earning.taken_back, kind=LotKind.ORDER,
        key=_key(earning, order), subject=order, expires_at=earning.ends_at, now=now,
    )  # fmt: skip
    return True


def _key(earning: PointsEarning, order: str) -> str:
    return f"points.order:{order}:{earning.rule_id}"


def _covers(rule: PointsRule, line: OrderLine, names: frozenset[str] | None) -> bool:
    scope = Scope(frozenset(rule.goods), frozenset(rule.goods_left_out))
    known = names or frozenset({f"sku:{line.sku_code}"})
    return scope.covers(Line("", known, line.quantity, line.unit_minor, 0))
