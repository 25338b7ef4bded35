"""Matching, cases and statements without any provider: plain values, then rows."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from core import approvals, clock, invariants, ledger
from core.approvals import AUTHORITY
from core.models import Approval, Comparison, Difference, Statement, StatementLine
from core.reconciliation import differences
from core.reconciliation.differences import (
    Correction,
    NotOpen,
    explain_difference,
    propose_correction,
    settle_breaks,
)
from core.reconciliation.invariants import STATEMENTS
from core.reconciliation.matching import Matching
from core.reconciliation.statements import keep_statement
from core.reconciliation.values import Break, Expect, Fetched, Line, Own, day_bounds, day_of
from core.tx import step
from tests.factories.accounts import make_staff

DAY = date(2026, 3, 10)
START, END = day_bounds(DAY)
NOON = START + timedelta(hours=12)
SIGNS = {"order": -1, "refund": 1, "payment": 1}


def line(number: str = "N1", amount: int = -100, **more: Any) -> Line:
    values = {"kind": "order", "number": number, "their_no": f"T{number}", "amount_minor": amount,
              "currency": "CNY", "at": NOON, "day": DAY, **more}  # fmt: skip
    values.setdefault("pk", abs(hash(tuple(map(str, values.values())))) % 10**9)
    return Line(**values)


def own(number: str = "N1", amount: int | None = -100, **more: Any) -> Own:
    values = {"kind": "order", "number": number, "their_no": f"T{number}", "amount_minor": amount,
              "currency": "CNY", "at": NOON, "subject": "x", **more}  # fmt: skip
    return Own(**values)


def kinds(theirs: list[Line], ours: list[Own], *covered: date) -> list[tuple[str, str]]:
    numbered = [
        Line(**{**_values(each), "pk": at, "position": at}) for at, each in enumerate(theirs, 1)
    ]
    found = Matching(DAY, covered=covered, signs=SIGNS).run(numbered, ours)
    today = [each for each in numbered if each.day == DAY]
    assert set(found.outcomes) == {each.pk for each in today}
    return [(each.kind, each.what) for each in found.breaks]


def _values(each: Line) -> dict[str, Any]:
    return {name: getattr(each, name) for name in Line.__dataclass_fields__}


def test_the_days_of_statements_are_days_in_shanghai() -> None:
    assert (START.astimezone(UTC).hour, (END - START).total_seconds()) == (16, 86400)
    assert day_of(datetime(2026, 3, 9, 16, 0, tzinfo=UTC)) == DAY
    assert day_of(datetime(2026, 3, 9, 15, 59, 59, tzinfo=UTC)) == date(2026, 3, 9)


@pytest.mark.parametrize(
    ("theirs", "ours", "found"),
    [
        ([line()], [own()], []),
        ([line(their_no="")], [own()], []),
        ([line(number="", their_no="TN1")], [own()], []),
        ([line()], [], [("missing_ours", "order")]),
        ([], [own()], [("missing_theirs", "order")]),
        ([line(amount=-101)], [own()], [("amount", "order")]),
        ([line(currency="USD")], [own()], [("currency", "order")]),
        ([line(their_no="T9")], [own()], [("number", "order")]),
        ([line(number="N9", their_no="TN1")], [own()], [("number", "order")]),
        ([line(), line()], [own()], [("duplicate", "order")]),
        ([line(), line(), line()], [own()], [("duplicate", "order")] * 2),
        ([line(kind="refund")], [own()], [("state", "order")]),
        ([line(), line(kind="refund", amount=100)], [own()], [("state", "order")]),
        # Charged for two, one given back: honest, and nothing else is.
        ([line(amount=-200), line(kind="refund", amount=100)], [own()], []),
        ([line(fee_minor=6)], [own(fee_minor=5)], [("fee", "order")]),
        ([line(fee_minor=6)], [own(fee_minor=None)], []),
        ([line()], [own(expect=Expect.NEVER)], [("state", "order")]),
        ([line()], [own(expect=Expect.OPEN)], []),
        ([], [own(expect=Expect.OPEN)], []),
        # What failed was charged and given back, or neither.
        ([], [own(expect=Expect.CANCELS, amount=None)], []),
        ([line(), line(kind="refund", amount=100)], [own(expect=Expect.CANCELS, amount=None)], []),
        ([line()], [own(expect=Expect.CANCELS, amount=None)], [("missing_theirs", "refund")]),
        ([line(kind="refund", amount=100)], [own(expect=Expect.CANCELS, amount=None)],
         [("missing_theirs", "order")]),
        ([line(), line(kind="refund", amount=99)], [own(expect=Expect.CANCELS, amount=None)],
         [("amount", "order")]),
        ([line(kind="refund"), line(kind="refund", amount=100)],
         [own(expect=Expect.CANCELS, amount=None)], [("state", "order")]),
        ([line(), line(), line(kind="refund", amount=100)],
         [own(expect=Expect.CANCELS, amount=None)], [("duplicate", "order")]),
        ([line()], [own(booked_minor=-99)], [("ledger", "order")]),
        ([line()], [own(booked_minor=-100)], []),
        # Nobody numbers a top-up.
        ([line(kind="topup", number="", their_no="", amount=50)],
         [own(kind="topup", number="", their_no="", amount=50)], []),
        ([line(kind="topup", number="", their_no="", amount=50)] * 2,
         [own(kind="topup", number="", their_no="", amount=50)], [("missing_ours", "topup")]),
        ([line(kind="topup", number="", their_no="", amount=51)],
         [own(kind="topup", number="", their_no="", amount=50)],
         [("missing_ours", "topup"), ("missing_theirs", "topup")]),
    ],
)  # fmt: skip
def test_what_two_books_say_of_one_thing(
    theirs: list[Line], ours: list[Own], found: list[tuple[str, str]]
) -> None:
    assert kinds(theirs, ours) == found


BEFORE, AFTER = DAY - timedelta(days=1), DAY + timedelta(days=1)
LATE, EARLY = END - timedelta(minutes=2), START + timedelta(minutes=2)


@pytest.mark.parametrize(
    ("theirs", "ours", "covered", "found"),
    [
        # Our clock says today, their statement of yesterday or tomorrow has it: no break.
        ([line(day=BEFORE)], [own(at=EARLY)], [BEFORE, AFTER], []),
        ([line(day=AFTER)], [own(at=LATE)], [BEFORE, AFTER], []),
        ([line()], [own(at=END + timedelta(minutes=1))], [], []),
        ([line()], [own(at=START - timedelta(hours=20))], [], []),
        # At the edge, and the neighboring statement is still to come: wait.
        ([], [own(at=LATE)], [BEFORE], []),
        ([], [own(at=EARLY)], [AFTER], []),
        # It has come and does not have it; or it is no edge.
        ([], [own(at=LATE)], [AFTER], [("missing_theirs", "order")]),
        ([], [own(at=EARLY)], [BEFORE], [("missing_theirs", "order")]),
        ([], [own(at=NOON)], [], [("missing_theirs", "order")]),
        # Days apart is another thing, and a line on two days is one too many.
        ([line()], [own(at=NOON - timedelta(days=3))], [], [("timing", "order")]),
        ([line(day=BEFORE), line()], [own()], [BEFORE], [("duplicate", "order")]),
        # What belongs to another day is that day's matter.
        ([line(day=AFTER, amount=-5)], [own(at=NOON)], [AFTER], []),
    ],
)
def test_midnight_is_no_difference(
    theirs: list[Line], ours: list[Own], covered: list[date], found: list[tuple[str, str]]
) -> None:
    assert kinds(theirs, ours, *covered) == found


# --- rows ------------------------------------------------------------------------------------------


@pytest.fixture
def comparison(db: None) -> Comparison:
    return Comparison.objects.create(
        name="test", party="test:x", day=DAY, state="differs", ran_at=clock.now()
    )


def settle(comparison: Comparison, *breaks: Break, **elsewhere: str) -> list[Difference]:
    with step():
        settle_breaks(comparison, breaks, found_elsewhere=elsewhere, now=clock.now())
    return list(comparison.differences.order_by("pk"))


def amount(delta: int = 5) -> Break:
    return Break("amount", "order", "N1", "T1", "", delta)


def correction() -> Correction:
    legs = (ledger.Line("bank", 5, "x"), ledger.Line("writeoff", -5, "x"))
    return Correction("writeoff", "Write it off", legs)


@pytest.fixture
def pair(db: None) -> tuple[str, str]:
    return make_staff("finance").public_id, make_staff("finance").public_id


def test_the_same_break_is_the_same_case(comparison: Comparison) -> None:
    first = settle(comparison, amount())
    assert settle(comparison, amount()) == first
    assert len(settle(comparison, amount(), amount())) == 2


def test_what_a_person_closed_stays_closed_and_what_changed_is_new(comparison: Comparison) -> None:
    (case,) = settle(comparison, amount())
    explain_difference(difference=case.public_id, reason="agreed", by="user:usr_A", now=clock.now())
    (case,) = settle(comparison, amount())
    assert (case.state, case.closing, case.reason) == ("closed", "explained", "agreed")
    theirs = Break("amount", "order", "N1", "T1", "", 6, theirs={"amount_minor": 6})
    assert [each.state for each in settle(comparison, theirs)] == ["closed", "open"]


def test_what_healed_and_is_there_again_opens_again(comparison: Comparison) -> None:
    settle(comparison, amount())
    (case,) = settle(comparison, **{"order:N1": "2026-03-11"})
    assert (case.state, case.reason) == ("closed", "came in the statement of 2026-03-11")
    (case,) = settle(comparison, amount())
    assert (case.state, case.closing, case.reason) == ("open", "", "")


def test_a_reason_is_needed_and_closed_is_closed(comparison: Comparison) -> None:
    (case,) = settle(comparison, amount())
    with pytest.raises(ValueError, match="reason"):
        explain_difference(difference=case.public_id, reason="  ", by="user:a", now=clock.now())
    explain_difference(difference=case.public_id, reason="x", by="user:a", now=clock.now())
    with pytest.raises(NotOpen):
        explain_difference(difference=case.public_id, reason="x", by="user:a", now=clock.now())


def test_a_correction_takes_two_and_posts_once(
    comparison: Comparison, pair: tuple[str, str]
) -> None:
    (case,) = settle(comparison, amount())
    approval = propose_correction(
        difference=case.public_id, correction=correction(), reason="as agreed", by=pair[0],
        now=clock.now(),
    )  # fmt: skip
    assert Difference.objects.get().state == "proposed"
    with pytest.raises(NotOpen):
        explain_difference(difference=case.public_id, reason="x", by="user:a", now=clock.now())
    with pytest.raises(approvals.SelfApproval):
        approvals.decide(approval_id=approval.public_id, by=pair[0], agree=True, now=clock.now())
    assert ledger.balance("bank") == 0
    approvals.decide(approval_id=approval.public_id, by=pair[1], agree=True, now=clock.now())
    case.refresh_from_db()
    assert (case.state, case.closing, case.approval) == ("closed", "corrected", approval.public_id)
    assert (ledger.balance("bank"), ledger.balance("writeoff")) == (5, -5)
    assert invariants.check_all(now=clock.now(), only="INV-B") == []


def test_a_refused_correction_leaves_the_case_open(
    comparison: Comparison, pair: tuple[str, str]
) -> None:
    (case,) = settle(comparison, amount())
    for _again in range(2):
        approval = propose_correction(
            difference=case.public_id, correction=correction(), reason="r", by=pair[0],
            now=clock.now(),
        )  # fmt: skip
        approvals.decide(approval_id=approval.public_id, by=pair[1], agree=False, now=clock.now())
    explain_difference(difference=case.public_id, reason="other", by="user:a", now=clock.now())
    assert Difference.objects.get().closing == "explained"


def test_a_correction_of_what_healed_meanwhile_is_refused(
    comparison: Comparison, pair: tuple[str, str]
) -> None:
    (case,) = settle(comparison, amount())
    approval = propose_correction(
        difference=case.public_id, correction=correction(), reason="r", by=pair[0], now=clock.now()
    )
    settle(comparison)
    with pytest.raises(approvals.StalePayload):
        approvals.decide(approval_id=approval.public_id, by=pair[1], agree=True, now=clock.now())
    assert Approval.objects.get(pk=approval.pk).state == "requested"
    assert ledger.balance("bank") == 0


def kept(
    raw: bytes = b"1", *, lines: int = 2, rejected: list[tuple[int, str]] | None = None
) -> tuple[Statement, bool]:
    fetched = Fetched(raw, [line(f"N{n}") for n in range(lines)], rejected or [])
    return keep_statement(
        party="test:x", day=DAY, fetched=fetched, source="fetched", by="system", now=clock.now()
    )


@pytest.mark.django_db
def test_unreadable_lines_keep_their_place() -> None:
    statement, _new = kept(rejected=[(2, "not an amount")])
    rows = StatementLine.objects.filter(statement=statement).values_list(
        "position", "number", "problem"
    )
    assert list(rows) == [(1, "N0", ""), (2, "", "not an amount"), (3, "N1", "")]


@pytest.mark.django_db
def test_an_old_file_does_not_push_out_the_newer_one() -> None:
    kept(b"old")
    newer, _new = kept(b"new")
    assert kept(b"old")[1] is False
    assert Statement.objects.get(current=True) == newer


# --- the statements about all of it can fail -------------------------------------------------------

BREAKS = {
    "INV-B1": "update core_difference set closing = 'corrected'",
    "INV-B2": "update core_statementline set outcome = ''",
    "INV-B3": "insert into core_statementline (statement_id, position, kind, number, their_no,"
    " amount_minor, fee_minor, currency, problem, outcome)"
    " select id, 99, '', '', '', 0, 0, 'CNY', '', 'matched' from core_statement",
    "INV-B4": "update core_comparison set state = 'matched', found = 0",
}


@pytest.fixture
def some_books(committed: None) -> None:
    statement, _new = kept()
    StatementLine.objects.update(outcome="matched")
    comparison = Comparison.objects.create(
        name="test", party="test:x", day=DAY, state="differs", found=2, ran_at=clock.now(),
        statement=statement,
    )  # fmt: skip
    settle(comparison, amount())
    explain_difference(
        difference=Difference.objects.get().public_id, reason="x", by="user:a", now=clock.now()
    )
    settle(comparison, amount(), amount(9))


@pytest.mark.parametrize("name", BREAKS)
def test_each_statement_can_fail(
    name: str, some_books: None, owner_sql: Callable[..., list[tuple[Any, ...]]]
) -> None:
    assert invariants.check_all(now=clock.now(), only="INV-B") == []
    owner_sql(f"set session_replication_role = replica; {BREAKS[name]}")
    assert [found.invariant.id for found in invariants.check_all(now=clock.now(), only=name)] == [
        name
    ]


def test_the_list_of_statements_is_complete() -> None:
    assert {row[0] for row in STATEMENTS} == set(BREAKS)
    assert differences.CORRECT in approvals.EXECUTORS
    assert "may" in AUTHORITY
