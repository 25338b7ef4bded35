"""Each invariant of invitations, packets and rewards is broken on purpose, and seen."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from catalog import snapshot
from core import clock, ledger
from core.crypto import forget_keys
from core.invariants import check_all
from orders.invariants.invite import STATEMENTS
from orders.models import Task
from orders.queries import promotions
from orders.services.rewards.collect_task import collect_task
from orders.services.rewards.reward_invites import reward_invites
from orders.services.rewards.take_share import Opener, take_share
from tests.factories.accounts import make_user
from tests.factories.coupons import coupon_promotion
from tests.factories.rewards import bought, bring, make_packet, make_programme

pytestmark = pytest.mark.usefixtures("committed")
FORGET = (snapshot.forget, ledger.forget_accounts, forget_keys, promotions.forget)

HURTS = {
    "INV-RW1": "update orders_reward set state = 'taken_back' where kind = 'points'",
    "INV-RW2": "update orders_coupon set owner = 'usr_EVE'",
    "INV-IN1": "update orders_invite set state = 'void'",
    "INV-IN2": "update core_limitcount set used = used + 1 where key like 'reward:ivp%%times'",
    "INV-IN3": "update orders_invite set state = 'waiting', not_before = now() - interval '1 day'",
    "INV-PK1": "update orders_packetshare set points = points + 1 where number = 1",
    "INV-PK2": "update orders_packetshare set owner = 'usr_EVE' where state = 'taken'",
    "INV-PK3": "update core_limitcount set used = used - 1 where key like 'reward:pkt%%points'",
    "INV-TK1": "update orders_reward set owner = 'usr_EVE' where source like 'tsk%%'",
    "INV-TK2": "update core_limitcount set used = used + 1 where key like 'reward:tsk%%times'",
    "INV-PK4": "update orders_packet set state = 'lapsed', not_before = null",
}


@pytest.fixture(autouse=True)
def _shop(committed: None) -> Iterator[None]:
    for forget in FORGET:
        forget()
    promotion = coupon_promotion()
    make_programme(inviter_kind="coupon", inviter_coupon=promotion, inviter_worth_minor=500)
    ben = make_user()
    bring(make_user(), ben)
    bought(ben.public_id)
    reward_invites(now=clock.now())
    packet = make_packet()
    take_share(packet=packet.public_id, by=Opener("usr_BEN"), now=clock.now())
    task = Task.objects.create(
        name="x",
        action="order",
        points=5,
        is_active=True,
        created_at=clock.now(),
        created_by="test",
    )
    collect_task(task=task.public_id, user=ben, now=clock.now())
    yield
    for forget in FORGET:
        forget()


def broken() -> set[str]:
    return {
        one.invariant.id
        for only in ("INV-RW", "INV-IN", "INV-PK", "INV-TK")
        for one in check_all(now=clock.now(), grace=0, only=only)
    }


def test_every_invariant_has_its_hurt_and_a_healthy_shop_breaks_none() -> None:
    assert HURTS.keys() == {row[0] for row in STATEMENTS}
    assert broken() == set()


@pytest.mark.parametrize("invariant", sorted(HURTS))
def test_each_is_seen(invariant: str, owner_sql: Callable[..., Any]) -> None:
    owner_sql("set session_replication_role = replica")
    owner_sql(HURTS[invariant])
    assert invariant in broken()
