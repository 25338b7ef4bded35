import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.db.utils import IntegrityError

from core import approvals, clock, faults
from core.models import Approval, AuditEntry
from core.sockets import Socket
from core.tx import step

MAKER, CHECKER, CLERK = "usr_MAKER", "usr_CHECKER", "usr_CLERK"
done: list[str] = []
clerks: set[str] = set()


@pytest.fixture(autouse=True)
def _house(monkeypatch: pytest.MonkeyPatch) -> None:
    executors: Socket[approvals.Executor] = Socket("executors of the tests")
    authority: Socket[Any] = Socket("authority of the tests")
    authority.register("may", lambda person, act: act == "vault.export" and person not in clerks)
    monkeypatch.setattr(approvals, "EXECUTORS", executors)
    monkeypatch.setattr(approvals, "AUTHORITY", authority)
    approvals.executor("export", act="vault.export", title="Export")(
        lambda approval, *, now: done.append(approval.subject)
    )
    done.clear()
    clerks.clear()
    clerks.add(CLERK)


def _ask(subject: str = "batch:1", by: str = MAKER) -> str:
    with step():
        return approvals.request(
            action="export",
            subject=subject,
            payload={"rows": 5},
            by=by,
            reason="audit",
            now=clock.now(),
        ).public_id


def test_a_second_person_carries_it_out_once(committed: None) -> None:
    asked = _ask()
    approvals.decide(approval_id=asked, by=CHECKER, agree=True, now=clock.now())
    assert done == ["batch:1"]
    with pytest.raises(approvals.NotOpen):
        approvals.decide(approval_id=asked, by="usr_THIRD", agree=True, now=clock.now())
    assert done == ["batch:1"]
    tags = AuditEntry.objects.order_by("id").values_list("tag", flat=True)
    assert list(tags) == ["approval:requested", "approval:executed"]


def test_one_person_alone_cannot(committed: None) -> None:
    asked = _ask()
    with pytest.raises(approvals.SelfApproval):
        approvals.decide(approval_id=asked, by=MAKER, agree=True, now=clock.now())
    assert done == []


def test_without_our_check_the_database_still_refuses_self_approval(committed: None) -> None:
    asked = _ask()
    with faults.without("approvals.self"), pytest.raises(IntegrityError, match="four_eyes"):
        approvals.decide(approval_id=asked, by=MAKER, agree=True, now=clock.now())
    assert Approval.objects.get(public_id=asked).state == "requested"


def test_who_has_no_right_can_neither_ask_nor_agree(committed: None) -> None:
    with pytest.raises(approvals.NotAllowed):
        _ask(by=CLERK)
    asked = _ask()
    with pytest.raises(approvals.NotAllowed):
        approvals.decide(approval_id=asked, by=CLERK, agree=True, now=clock.now())


def test_a_right_taken_from_the_maker_takes_the_request_along(committed: None) -> None:
    asked = _ask()
    clerks.add(MAKER)
    with pytest.raises(approvals.MakerMayNot):
        approvals.decide(approval_id=asked, by=CHECKER, agree=True, now=clock.now())
    assert done == []
    assert Approval.objects.get(public_id=asked).state == "requested"
    approvals.decide(approval_id=asked, by=CHECKER, agree=False, now=clock.now())
    assert (Approval.objects.get(public_id=asked).state, done) == ("rejected", [])


def test_it_expires_after_a_day(committed: None) -> None:
    asked = _ask()
    with pytest.raises(approvals.NotOpen):
        approvals.decide(
            approval_id=asked, by=CHECKER, agree=True, now=clock.now() + timedelta(hours=25)
        )
    assert approvals.expire_old(now=clock.now() + timedelta(hours=25)) == 1


def test_an_edited_payload_is_refused_by_the_database(committed: None) -> None:
    asked = _ask()
    with pytest.raises(Exception, match="Cannot update"):
        Approval.objects.filter(public_id=asked).update(payload={"rows": 5000})


def test_a_payload_edited_behind_the_trigger_is_stale(committed: None, owner_sql: Any) -> None:
    asked = _ask()
    owner_sql("set session_replication_role = replica")
    owner_sql("update core_approval set payload = '{\"rows\": 5000}'")
    with pytest.raises(approvals.StalePayload):
        approvals.decide(approval_id=asked, by=CHECKER, agree=True, now=clock.now())


def test_many_checkers_at_once_carry_it_out_once(committed: None) -> None:
    asked = _ask()
    refused: list[str] = []

    def agree(n: int) -> None:
        try:
            approvals.decide(approval_id=asked, by=f"usr_{n}", agree=True, now=clock.now())
        except approvals.NotOpen:
            refused.append(str(n))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=agree, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(done), len(refused)) == (1, 11)


def test_the_same_act_is_asked_for_once_at_a_time(committed: None) -> None:
    _ask()
    with pytest.raises(IntegrityError):
        _ask()


def test_a_failing_act_leaves_the_request_open(committed: None) -> None:
    def fail(approval: Approval, *, now: Any) -> None:
        raise RuntimeError("the world changed")

    approvals.executor("fails", act="vault.export", title="Fails")(fail)
    with step():
        asked = approvals.request(
            action="fails", subject="x", payload={}, by=MAKER, reason="r", now=clock.now()
        ).public_id
    with pytest.raises(RuntimeError):
        approvals.decide(approval_id=asked, by=CHECKER, agree=True, now=clock.now())
    assert Approval.objects.get(public_id=asked).state == "requested"
