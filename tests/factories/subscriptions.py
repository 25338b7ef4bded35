"""Plans, and a subscriber whose life passes while a test moves the clock."""

import itertools
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from accounts.models import User
from accounts.services.push_messages import push_messages
from catalog.models import Sku
from core import clock, outbox
from core.crypto import ensure_data_key
from core.ids import new_token
from orders.models import Plan, PlanPhase, Subscription, SubscriptionPeriod
from orders.queries.plans import terms_for, terms_sha
from orders.services.close_order import expire_orders
from orders.services.query_payment import query_payments
from orders.services.subscriptions.drive_periods import drive_periods
from orders.services.subscriptions.end_subscription import end_due_subscriptions
from orders.services.subscriptions.plan_period import ANNOUNCE_DAYS, moment_of
from orders.services.subscriptions.query_mandate import query_mandate, query_mandates
from orders.services.subscriptions.start_subscription import Started, Wish, start_subscription
from orders.states import PeriodState, PlanState
from simulators.localpay.script import Gateway
from tests.factories.accounts import make_user
from tests.factories.catalog import channel
from tests.factories.orders import stocked

_numbers = itertools.count(1)
MONTHLY = {"unit": "month", "length": 1}


def make_plan(sku: Sku, *phases: dict[str, Any], budget_minor: int = 0, **values: Any) -> Plan:
    """A plan on sale; phases are columns of PlanPhase."""
    n, now = next(_numbers), clock.now()
    defaults: dict[str, Any] = {
        "slug": f"plan-{n}", "name": f"会员{n}", "name_en": f"Membership {n}",
        "state": PlanState.OPEN, "state_at": now, "created_at": now, "created_by": "test",
    }  # fmt: skip
    plan = Plan.objects.create(sku=sku, budget_minor=budget_minor, **{**defaults, **values})
    for position, phase in enumerate(phases):
        PlanPhase.objects.create(plan=plan, position=position, **{**MONTHLY, **phase})
    Plan.objects.filter(pk=plan.pk).update(terms_sha=terms_sha(plan))
    plan.refresh_from_db()
    return plan


def simple_plan(*, units: int = 40, price_minor: int = 9700, **values: Any) -> Plan:
    """Every month the same price, over the floor."""
    return make_plan(stocked(units), {"price_minor": price_minor}, **values)


@dataclass
class Life:
    """A subscriber, the moment it is for them, and the gateway whose clock goes with it."""

    gateway: Gateway
    user: User = field(default_factory=lambda: make_user(email=f"life{next(_numbers)}@example.com"))
    now: datetime = field(default_factory=clock.now)

    def __post_init__(self) -> None:
        ensure_data_key()
        self.at(self.now)

    def at(self, moment: datetime) -> None:
        """Move to a moment; the gateway's clock moves too."""
        self.now = moment
        self.gateway.control("clock", offset_seconds=(moment - clock.now()).total_seconds())

    def wish(self, plan: Plan, **changes: Any) -> Wish:
        terms = terms_for(plan, user_id=self.user.pk, changing="replaces" in changes)
        values: dict[str, Any] = {
            "slug": plan.slug, "shown": terms.sha, "user": self.user, "channel": channel(),
            "form_token": new_token(), "provider": "localpay", "language": "en",
            "terms_version": "test", "consent": True, "renewal_consent": True,
        }  # fmt: skip
        return Wish(**(values | changes))

    def start(self, plan: Plan, **changes: Any) -> Started:
        return start_subscription(wish=self.wish(plan, **changes), now=self.now, acting="test")

    def subscribe(self, plan: Plan, **changes: Any) -> Subscription:
        """Subscribe, sign, and let the first charge be made."""
        started = self.start(plan, **changes)
        row = Subscription.objects.get(public_id=started.subscription)
        self.gateway.sign(row.mandate.number, url=started.address)
        query_mandate(now=self.now, mandate=row.mandate.public_id)
        self.work()
        row.refresh_from_db()
        return row

    def work(self) -> None:
        """What the workers would do at this moment, until nothing is left."""
        for _round in range(4):
            query_payments(now=self.now)
            expire_orders(now=self.now)
            query_mandates(now=self.now)
            drive_periods(now=self.now)
            end_due_subscriptions(now=self.now)
            outbox.relay()
            push_messages(now=self.now)

    def after(self, **span: float) -> None:
        self.at(self.now + timedelta(**span))
        self.work()

    def next(self, row: Subscription) -> SubscriptionPeriod:
        open_states = [PeriodState.PLANNED, PeriodState.NOTICED, PeriodState.FAILED]
        return row.periods.get(state__in=open_states)

    def announce(self, row: Subscription) -> SubscriptionPeriod:
        """To the day of the notice, and until it has left."""
        self.at(max(self.now, moment_of(self.next(row).period_start) - timedelta(ANNOUNCE_DAYS)))
        self.work()
        self.after(minutes=11)
        return self.next(row)

    def renew(self, row: Subscription) -> SubscriptionPeriod:
        """Announce the next period and come to the day of its charge; nothing is charged yet."""
        period = self.announce(row)
        assert period.state == PeriodState.NOTICED, period.state
        assert period.not_before is not None
        self.at(max(self.now, period.not_before + timedelta(seconds=1)))
        return period

    def charges_at_gateway(self, row: Subscription) -> list[dict[str, Any]]:
        """Payments that the gateway really took under the subscription's mandate."""
        truth = self.gateway.truth()
        numbers = {c["number"] for c in truth["charges"] if c["mandate"] == row.mandate.number}
        paid = [p for p in truth["payments"] if p["number"] in numbers]
        return [p for p in paid if p["status"] == "SUCCESS"]


def month_after(day: date) -> date:
    """The same day of the next month, for days that every month has."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=day.day)
