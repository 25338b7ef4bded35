"""Tasks: proved from rows, collected exactly once for a period, bounded, taken back."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from core import approvals, clock
from core.invariants import check_all
from orders.models import Reward, Task, TaskClaim
from orders.queries.points import balance_of
from orders.queries.task_actions import ACTIONS
from orders.services.rewards.collect_task import NotDone, TaskOver, TaskRefused, collect_task
from orders.services.rewards.take_back_reward import request_taking_back
from orders.services.rewards.take_share import Opener, take_share
from risk.models import ListEntry
from risk.values import Kind
from tests.factories.accounts import make_staff, make_user, sign_in
from tests.factories.rewards import bought, make_packet
from tests.factories.risk import make_entry

pytestmark = pytest.mark.django_db


def make_task(**fields: Any) -> Task:
    told: dict[str, Any] = {
        "name": "完善资料", "name_en": "Say hello", "action": "profile", "points": 20,
        "is_active": True, "created_at": clock.now(), "created_by": "test",
    }  # fmt: skip
    return Task.objects.create(**(told | fields))


def collected(task: Task, user: Any, *, days: int = 0) -> TaskClaim:
    return collect_task(task=task.public_id, user=user, now=clock.now() + timedelta(days=days))


def sound() -> list[str]:
    return [
        str(one)
        for only in ("INV-TK", "INV-RW", "INV-P")
        for one in check_all(now=clock.now(), grace=0, only=only)
    ]


def test_it_is_given_once_and_only_with_proof() -> None:
    task, ann = make_task(), make_user()
    with pytest.raises(NotDone):
        collected(task, ann)
    ann.display_name = "Ann"
    ann.save()
    assert collected(task, ann).pk == collected(task, ann, days=3).pk
    assert balance_of(ann.public_id) == 20
    assert sound() == []


def test_an_order_a_day_earns_once_a_day() -> None:
    task, ann = make_task(action="order", repeat="daily"), make_user()
    with pytest.raises(NotDone):
        collected(task, ann)
    bought(ann.public_id)
    bought(ann.public_id)
    collected(task, ann)
    collected(task, ann)
    with pytest.raises(NotDone):
        collected(task, ann, days=1)
    assert balance_of(ann.public_id) == 20


def test_the_days_of_waiting_are_waited() -> None:
    task, ann = make_task(action="order", wait_days=7), make_user()
    bought(ann.public_id)
    with pytest.raises(NotDone):
        collected(task, ann, days=6)
    collected(task, ann, days=8)
    assert Reward.objects.count() == 1


def test_every_action_is_proved_by_what_was_done() -> None:
    ann = make_user(display_name="Ann", phone="13800138000")
    packet = make_packet(ann.public_id)
    take_share(packet=packet.public_id, by=Opener("usr_BEN"), now=clock.now())
    proved = {key for key, one in ACTIONS.all().items() if one.prove(ann, None)}
    assert proved == {"profile", "phone", "order", "share"}
    nobody = make_user()
    assert not any(one.prove(nobody, None) for one in ACTIONS)


def test_budget_and_dates_end_it() -> None:
    task = make_task(most_points=20)
    collected(task, make_user(display_name="Ann"))
    with pytest.raises(TaskOver):
        collected(task, make_user(display_name="Ben"))
    assert TaskClaim.objects.count() == 1
    over = make_task(ends_at=clock.now())
    with pytest.raises(TaskOver):
        collected(over, make_user(display_name="Cid"))
    assert sound() == []


def test_who_is_on_a_block_list_gets_nothing() -> None:
    ann = make_user(display_name="Ann")
    make_entry(ann.public_id, kind=Kind.ACCOUNT.value, list_name=ListEntry.List.BLOCK.value)
    with pytest.raises(TaskRefused):
        collected(make_task(), ann)
    assert Reward.objects.count() == 0


def test_two_persons_take_it_back() -> None:
    ann = make_user(display_name="Ann")
    claim = collected(make_task(), ann)
    maker, checker = make_staff("operator"), make_staff("operator")
    asked = request_taking_back(
        subject=claim.public_id, reason="fraud", by=maker.public_id, now=clock.now()
    )
    approvals.decide(approval_id=asked.public_id, by=checker.public_id, agree=True, now=clock.now())
    claim.refresh_from_db()
    assert (claim.state, balance_of(ann.public_id)) == ("taken_back", 0)
    assert sound() == []


def test_the_page_shows_and_collects(client: Client) -> None:
    task, ann = make_task(), make_user(display_name="Ann")
    make_task(name_en="Buy", action="order")
    assert client.get(reverse("orders:tasks")).status_code == 302
    client.force_login(ann)
    text = client.get(reverse("orders:tasks"), headers={"Accept-Language": "en"}).content.decode()
    for words in ("Say hello", "20 points", "Collect", "Do it"):
        assert words in text
    address = reverse("orders:collect_task", args=[task.public_id])
    assert client.post(address).status_code == 303
    assert balance_of(ann.public_id) == 20
    assert (
        client.post(reverse("orders:collect_task", args=["tsk_0000000000000000"])).status_code
        == 404
    )
    staff = sign_in(Client(), make_staff("operator"))
    for name in ("task", "taskclaim"):
        assert staff.get(reverse(f"admin:orders_{name}_changelist")).status_code == 200
    assert staff.get(reverse("admin:orders_task_change", args=[task.pk])).status_code == 200
    assert staff.get(reverse("admin:orders_task_add")).status_code == 200
