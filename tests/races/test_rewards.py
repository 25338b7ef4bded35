"""A packet under two hundred openers; one invitation in many workers; and without the guards."""

import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from catalog import snapshot
from core import clock, ledger
from core.crypto import ensure_data_key, forget_keys
from core.faults import without
from core.invariants import check_all
from core.tx import step
from orders.models import Packet, PacketShare, Reward, Task, TaskClaim
from orders.queries import promotions
from orders.queries.points import balance_of
from orders.services.rewards.collect_task import collect_task
from orders.services.rewards.lapse_packets import lapse_of_order, lapse_packets
from orders.services.rewards.reward_invites import reward_invite
from orders.services.rewards.take_share import Opener, PacketOver, take_share
from tests.factories.accounts import make_user
from tests.factories.rewards import bought, bring, make_packet, make_programme
from tests.races.crowd import closing, comes_up, crowd, somebody_waits

pytestmark = pytest.mark.usefixtures("committed")
OPENERS, SHARES = 200, 10
FORGET = (snapshot.forget, ledger.forget_accounts, forget_keys, promotions.forget)


@pytest.fixture(autouse=True)
def _quiet(committed: None, settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.STATE_DIR = tmp_path
    settings.TEST_HOOKS = True
    for forget in FORGET:
        forget()
    ensure_data_key()
    yield
    for forget in FORGET:
        forget()


def sound() -> bool:
    found = [one for only in ("INV-PK", "INV-RW", "INV-IN", "INV-TK", "INV-P")
             for one in check_all(now=clock.now(), grace=0, only=only)]  # fmt: skip
    return not found


def storm(packet: Packet, openers: list[str], *, threads: int = 32) -> Counter[str]:
    """All open at one moment: how many got a share, and how many came too late."""
    seen: Counter[str] = Counter()
    lock = threading.Lock()

    def one(user: str) -> None:
        try:
            take_share(packet=packet.public_id, by=Opener(user), now=clock.now())
            outcome = "got"
        except PacketOver:
            outcome = "late"
        except Exception as error:  # noqa: BLE001  a negative control may end at a constraint
            outcome = type(error).__name__
        with lock:
            seen[outcome] += 1

    crowd(one, openers, threads=threads)
    return seen


def test_two_hundred_open_ten_shares() -> None:
    packet = make_packet(points=1000, shares=SHARES)
    assert storm(packet, [f"usr_{n}" for n in range(OPENERS)]) == {
        "got": SHARES, "late": OPENERS - SHARES,
    }  # fmt: skip
    taken = PacketShare.objects.filter(packet=packet, state="taken")
    assert len(set(taken.values_list("owner", flat=True))) == SHARES
    given = Reward.objects.filter(kind="points").values_list("owner", "points")
    assert sum(points for _owner, points in given) == 1000
    assert all(balance_of(owner) == points for owner, points in given)
    assert sound()


def test_one_person_opens_one_share_however_often_at_one_moment() -> None:
    packet = make_packet(points=1000, shares=SHARES)
    assert storm(packet, ["usr_BEN"] * 16, threads=16) == {"got": 16}
    assert Reward.objects.count() == 1
    assert sound()


def test_without_the_lock_a_share_is_given_more_than_once() -> None:
    """Negative control: what taking a share under its lock is for."""

    def lost() -> bool:
        for forget in FORGET:
            forget()
        make = Packet.objects.count()
        packet = make_packet(f"usr_OWNER{make}", points=40, shares=2, a_day=9)
        with without("packets.share"):
            seen = storm(packet, [f"usr_{make}x{n}" for n in range(16)], threads=16)
        return seen["got"] > 2 or not sound()

    assert comes_up(lost, rounds=6)


def test_opening_while_it_lapses_loses_nothing() -> None:
    packet = make_packet(points=1000, shares=SHARES)

    def work(item: int) -> None:
        if item % 8 == 0:
            lapse_packets(now=packet.ends_at)
            return
        try:
            take_share(packet=packet.public_id, by=Opener(f"usr_{item}"), now=clock.now())
        except PacketOver:
            return

    crowd(work, range(24), threads=16)
    lapse_packets(now=packet.ends_at)
    packet.refresh_from_db()
    assert packet.state in {"lapsed", "over"}
    assert sound()


def test_the_last_share_is_opened_while_its_packet_is_being_ended() -> None:
    """Both lock the packet and its share: in another order each would wait for the other."""
    packet = make_packet(points=1, shares=1)
    seen: list[PacketShare] = []
    ben = Opener("usr_BEN")
    opener = threading.Thread(
        target=closing(
            lambda: seen.append(take_share(packet=packet.public_id, by=ben, now=clock.now()))
        )
    )
    with step():
        Packet.objects.select_for_update(of=("self",)).get(pk=packet.pk)
        opener.start()
        assert somebody_waits()
        assert lapse_of_order(order=packet.order_id, now=clock.now())
    opener.join()
    packet.refresh_from_db()
    assert [share.owner for share in seen] == ["usr_BEN"]
    assert packet.state == "over"
    assert sound()


def test_a_task_is_collected_once_however_often_at_one_moment() -> None:
    ann = make_user(display_name="Ann")
    task = Task.objects.create(
        name="x", action="profile", points=20, most_times=5, is_active=True,
        created_at=clock.now(), created_by="test",
    )  # fmt: skip
    crowd(lambda _n: collect_task(task=task.public_id, user=ann, now=clock.now()), range(16))
    assert TaskClaim.objects.count() == 1
    assert balance_of(ann.public_id) == 20
    assert sound()


def test_many_workers_reward_an_invitation_once() -> None:
    make_programme()
    ben = make_user()
    invite = bring(make_user(), ben)
    bought(ben.public_id)
    done: list[bool] = []
    crowd(lambda _n: done.append(reward_invite(pk=invite.pk, now=clock.now())), range(16))
    assert done.count(True) == 1
    assert Reward.objects.count() == 2
    assert sound()
