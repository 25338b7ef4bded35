"""Suppliers' statements in every dialect beside our attempts: each planted break is found, and no other (C20)."""

import itertools
from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest

from core import approvals, clock, invariants, ledger
from core.models import Comparison, Difference, Statement
from core.reconciliation.differences import explain_difference, propose_correction
from core.reconciliation.runs import RUNS, reconcile, refresh_statement, take_statement
from core.reconciliation.values import day_bounds
from fulfillment.models import Attempt, Supplier
from fulfillment.reconciliation import files
from fulfillment.services.purchasing.fund_supplier import fund_supplier
from fulfillment.services.suppliers.connect_supplier import connect_supplier
from fulfillment.suppliers.lists import StatementLine
from simulators.supply.script import Supplier as Script
from tests.factories.accounts import make_staff
from tests.factories.books import bought, days_ago
from tests.factories.supply import BY, connect, drive, make_topup, open_unit
from tests.fulfillment.simulated import Suppliers
from tests.fulfillment.suppliers.conformance import SECRET, Kit
from tests.fulfillment.suppliers.test_conformance import A, C, kit_b

pytestmark = pytest.mark.django_db
KINDS = {
    "missing": "missing_theirs", "extra": "missing_ours", "amount": "amount", "type": "state",
    "duplicate": "duplicate", "timing": "missing_theirs", "number": "number",
    "currency": "currency",
}  # fmt: skip
KITS = {"a": A, "b": kit_b(), "c": C}
_turns = itertools.count(2)


class Scene:
    """One supplier with a day of business behind it, and our books about it."""

    def __init__(self, suppliers: Suppliers, kit: Kit) -> None:
        self.kit = kit
        self.url = suppliers.get(kit.simulator, secret=SECRET, module=kit.module).url
        self.script = Script(self.url)
        self.script.clear_faults()
        for act, body in kit.prepare.items():
            self.script.control(act, **body)
        self.row = connect(
            self.url, code="x", secret=SECRET, dialect=kit.dialect, options=kit.options,
            prepaid_minor=0,
        )  # fmt: skip
        self.party = "supplier:x"
        self.day = days_ago(clock.now(), next(_turns) * 3)

    def busy(
        self, orders: int, *, failed: int = 0, topup_minor: int = 0, unknown: int = 0
    ) -> list[Attempt]:
        """The supplier's day, and our attempts for it."""
        self.script.control(
            "busy_day", day=self.day.isoformat(), orders=orders, failed=failed,
            topup_minor=topup_minor, prefix=f"D{self.day:%y%m%d}",
        )  # fmt: skip
        start, _end = day_bounds(self.day)
        fund_supplier(
            supplier_code="x", amount_minor=10**9, payment_no=f"early-{self.day}", by=BY,
            now=start - timedelta(days=30),
        )  # fmt: skip
        if topup_minor:
            fund_supplier(
                supplier_code="x", amount_minor=topup_minor, payment_no=f"day-{self.day}", by=BY,
                now=start + timedelta(hours=3),
            )  # fmt: skip
        return bought(self.row, self.told(), unknown=unknown)

    def told(self) -> list[StatementLine]:
        link = connect_supplier(self.row)
        told = link.adapter.statement(link.connection, day=self.day, now=clock.now())
        assert not told.problem
        return list(told.lines)

    def plant(self, count: int, *, seed: int = 5, kinds: list[str] | None = None) -> list[Any]:
        return self.script.statement_breaks(
            self.day.isoformat(), count=count, seed=seed, kinds=kinds
        )

    def compare(self, day: date | None = None) -> Comparison:
        return reconcile(name="supplier", party=self.party, day=day or self.day, now=clock.now())


@pytest.fixture(params=sorted(KITS), ids=str)
def scene(request: pytest.FixtureRequest, suppliers: Suppliers) -> Scene:
    return Scene(suppliers, KITS[request.param])


@pytest.fixture
def scene_c(suppliers: Suppliers) -> Scene:
    return Scene(suppliers, C)


def expected(planted: list[dict[str, str]]) -> Counter[tuple[str, str]]:
    named = (row["extra"] or row["line_key"].split("|")[2] for row in planted)
    return Counter(zip((KINDS[row["kind"]] for row in planted), named, strict=True))


def found(row: Comparison) -> Counter[tuple[str, str]]:
    unsettled = row.differences.exclude(state="closed")
    return Counter(unsettled.values_list("kind", "number"))


def test_a_true_day_matches(scene: Scene) -> None:
    scene.busy(40, failed=6, topup_minor=500_00)
    row = scene.compare()
    assert list(row.differences.values_list("kind", "number", "their_no")) == []
    # Forty orders, six of them given back, one top-up.
    assert (row.state, row.theirs_count, row.matched) == ("matched", 47, 47)


def test_thirty_planted_breaks_are_found_and_no_other(scene: Scene) -> None:
    scene.busy(200)
    planted = scene.plant(30)
    row = scene.compare()
    assert found(row) == expected(planted)
    before = list(Difference.objects.order_by("pk").values())
    assert (
        refresh_statement(name="supplier", party=scene.party, day=scene.day, now=clock.now())
        == Statement.objects.get()
    )
    assert (scene.compare().found, list(Difference.objects.order_by("pk").values())) == (30, before)
    assert invariants.check_all(now=clock.now(), only="INV-B") == []


@pytest.mark.parametrize(
    "kind", ["missing", "extra", "amount", "type", "duplicate", "timing", "number"]
)
def test_what_failed_and_was_given_back_is_looked_at_line_by_line(
    scene_c: Scene, kind: str
) -> None:
    scene_c.busy(8, failed=8)
    planted = scene_c.plant(1, kinds=[kind])
    assert found(scene_c.compare()) == expected(planted)


def test_fifty_breaks_in_five_thousand_lines_of_a_supplier(scene_c: Scene) -> None:
    scene_c.busy(5000)
    planted = scene_c.plant(50, kinds=[*KINDS])
    row = scene_c.compare()
    assert found(row) == expected(planted)
    assert (row.found, len({case["kind"] for case in planted})) == (50, 8)


def test_late_lines_heal_and_the_rest_is_closed_by_people(scene: Scene) -> None:
    scene.busy(60)
    planted = scene.plant(12)
    row = scene.compare()
    scene.compare(scene.day + timedelta(days=1))
    late = [case for case in planted if case["kind"] == "timing"]
    healed = row.differences.filter(closing="healed")
    assert {case.number for case in healed} == {number for _kind, number in expected(late)}
    maker, checker = make_staff("finance").public_id, make_staff("finance").public_id
    before = ledger.balance("supplier_prepaid:x")
    for case in row.differences.filter(state="open"):
        choices = RUNS.get("supplier").corrections(case)
        if not choices:
            explain_difference(
                difference=case.public_id, reason="asked", by=f"user:{maker}", now=clock.now()
            )
            continue
        approval = propose_correction(
            difference=case.public_id, correction=choices[0], reason="their account manager agrees",
            by=maker, now=clock.now(),
        )  # fmt: skip
        approvals.decide(approval_id=approval.public_id, by=checker, agree=True, now=clock.now())
    moved = sum(row.differences.filter(closing="corrected").values_list("delta_minor", flat=True))
    assert ledger.balance("supplier_prepaid:x") - before == moved
    assert not row.differences.exclude(state="closed").exists()
    scene.compare()
    assert not row.differences.exclude(state="closed").exists()
    for family in ("INV-B", "INV-L1", "INV-L3", "INV-A1"):
        assert invariants.check_all(now=clock.now(), only=family) == []


def test_a_top_up_that_they_do_not_know_of_is_a_difference(scene_c: Scene) -> None:
    scene_c.busy(3)
    start, _end = day_bounds(scene_c.day)
    fund_supplier(
        supplier_code="x", amount_minor=777, payment_no="lost", by=BY,
        now=start + timedelta(hours=12),
    )  # fmt: skip
    (case,) = scene_c.compare().differences.all()
    assert (case.kind, case.what, case.delta_minor) == ("missing_theirs", "topup", -777)


def test_a_purchase_under_way_is_no_difference_until_it_is_over(scene_c: Scene) -> None:
    scene_c.busy(4, unknown=1)
    row = scene_c.compare()
    assert (row.state, row.under_way, row.found) == ("matched", 1, 0)


def test_a_real_purchase_of_today_matches_in_every_dialect(scene: Scene, settings: Any) -> None:
    settings.SUPPLY_TIME_SCALE = 0.02
    scene.script.set_balance(10**9)
    fund_supplier(supplier_code="x", amount_minor=10**8, payment_no="today", by=BY, now=clock.now())
    unit = drive(open_unit(make_topup(scene.row)))
    assert unit.state == "delivered"
    row = reconcile(
        name="supplier", party=scene.party, day=days_ago(clock.now(), 0), now=clock.now()
    )
    number = unit.attempts.get().number
    assert not row.differences.filter(number=number).exists()
    line = row.statement.lines.get(number=number) if row.statement else None
    assert line is not None
    assert line.outcome in ("matched", "other_day")


def test_a_supplier_without_an_interface_is_compared_by_file(db: None) -> None:
    supplier = Supplier.objects.create(code="paper", name="Paper")
    day = days_ago(clock.now(), 1)
    noon = day_bounds(day)[0] + timedelta(hours=12)
    raw = (
        ",".join(files.HEADER) + f"\nORDER,T1,N1,SKU,1,-16.50,CNY,,{noon.isoformat()}\nORDER,T2\n"
    ).encode("gb18030")
    take_statement(
        name="supplier", party="supplier:paper", day=day, raw=raw, by=BY, now=clock.now()
    )
    row = Comparison.objects.get(party="supplier:paper")
    kinds = set(row.differences.values_list("kind", flat=True))
    assert (supplier.state, kinds) == ("on", {"missing_ours", "malformed"})


def test_a_statement_that_is_not_proved_is_not_kept(scene_c: Scene) -> None:
    scene_c.script.fault("bad_signature", op="statement", times=1)
    row = scene_c.compare()
    assert (row.state, Statement.objects.count()) == ("missing", 0)
