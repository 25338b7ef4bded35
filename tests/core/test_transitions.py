from typing import Any

import pytest
from django.db.utils import InternalError, ProgrammingError

from core import clock, transitions
from core.models import Approval
from core.tx import step


def _approval() -> Approval:
    now = clock.now()
    return Approval.objects.create(
        action="a",
        subject="s",
        payload={},
        payload_sha="x",
        reason="r",
        maker="usr_A",
        requested_at=now,
        expires_at=now,
    )


def _move(approval: Approval, from_: list[str], to: str, **also: Any) -> bool:
    with step():
        return transitions.move(
            Approval,
            approval.pk,
            from_=from_,
            to=to,
            now=clock.now(),
            by="user:usr_B",
            why="because",
            **also,
        )


def test_the_first_wins_and_history_tells_why(committed: None) -> None:
    approval = _approval()
    assert _move(approval, ["requested"], "rejected", note="no")
    assert not _move(approval, ["requested"], "executed")
    (change,) = transitions.history(approval.public_id)
    assert (change.was, change.became, change.by, change.why) == (
        "requested",
        "rejected",
        "user:usr_B",
        "because",
    )
    approval.refresh_from_db()
    assert approval.note == "no"


def test_a_pair_outside_the_table_is_refused_by_the_database(committed: None) -> None:
    approval = _approval()
    assert _move(approval, ["requested"], "expired")
    with pytest.raises((InternalError, ProgrammingError), match="nvalid"):
        _move(approval, ["expired"], "executed")
    with pytest.raises((InternalError, ProgrammingError), match="nvalid"):
        Approval.objects.filter(pk=approval.pk).update(state="requested")
