from collections.abc import Callable
from typing import Any

import pytest

from core import audit, clock
from core.models import AuditEntry
from core.tx import step

SealAll = Callable[[], None]


@pytest.fixture
def trail(committed: None) -> None:
    for n in range(6):
        with step():
            audit.record(
                tag="switch:thrown",
                by="user:usr_A",
                subject=f"thing:{n}",
                now=clock.now(),
                after={"n": n, "名": "值"},
            )
    while audit.seal(now=clock.now(), limit=4):
        pass


def test_an_undisturbed_trail_is_intact(trail: None) -> None:
    assert audit.verify_chain() is None
    assert audit.verify_chain(anchor=audit.head()) is None
    assert audit.head()[0] == 6


def test_an_unknown_tag_is_refused(committed: None) -> None:
    with pytest.raises(KeyError), step():
        audit.record(tag="made:up", by="x", subject="y", now=clock.now())
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize(
    ("statement", "names"),
    [
        ("update core_auditentry set by = 'user:usr_B' where subject = 'thing:2'", 3),
        ("delete from core_auditentry where subject = 'thing:4'", 5),
        ("delete from core_auditseal where seq = 2", 2),
        (
            "update core_auditseal set entry_id = 100000 + entry_id where seq in (1, 2);"
            " update core_auditseal set entry_id = case seq when 1 then"
            " (select id from core_auditentry where subject = 'thing:1') else"
            " (select id from core_auditentry where subject = 'thing:0') end where seq in (1, 2)",
            1,
        ),
    ],
)
def test_tampering_by_a_superuser_is_named(
    trail: None, owner_sql: Callable[..., Any], statement: str, names: int
) -> None:
    owner_sql("set session_replication_role = replica")
    for each in statement.split(";"):
        owner_sql(each)
    flaw = audit.verify_chain()
    assert flaw is not None
    assert flaw.seq == names


def test_an_entry_slipped_in_is_found(trail: None, owner_sql: Callable[..., Any]) -> None:
    owner_sql(
        "insert into core_auditentry (at, by, ip, tag, subject, xid)"
        " select at, 'user:usr_EVIL', '', tag, 'thing:x', xid - 1 from core_auditentry order by id limit 1"
    )
    flaw = audit.verify_chain()
    assert flaw is not None
    assert "slipped in" in flaw.what


def test_a_cut_tail_is_found_against_the_anchor(trail: None, owner_sql: Callable[..., Any]) -> None:
    anchor = audit.head()
    owner_sql("set session_replication_role = replica")
    owner_sql("delete from core_auditseal where seq > 3")
    owner_sql("delete from core_auditentry where id not in (select entry_id from core_auditseal)")
    assert audit.verify_chain() is None
    flaw = audit.verify_chain(anchor=anchor)
    assert flaw is not None
    assert "cut off" in flaw.what


def test_a_second_sealer_waits_for_nobody(trail: None, app_connection: Any) -> None:
    app_connection.execute("select pg_advisory_xact_lock(hashtext('core.audit.seal'))")
    with step():
        audit.record(tag="switch:thrown", by="x", subject="y", now=clock.now())
    assert audit.seal(now=clock.now()) == 0


def test_an_entry_of_an_open_transaction_is_not_overtaken(trail: None, app_connection: Any) -> None:
    """While an older transaction may still write, newer entries wait for their place."""
    app_connection.execute("select pg_current_xact_id()")
    with step():
        audit.record(tag="switch:thrown", by="x", subject="late", now=clock.now())
    assert audit.seal(now=clock.now()) == 0
    app_connection.rollback()
    assert audit.seal(now=clock.now()) == 1
    assert audit.verify_chain() is None
