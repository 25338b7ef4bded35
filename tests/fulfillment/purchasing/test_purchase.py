"""From a proposal to codes on sale: states, receipts in parts, the ledger, and what guards them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, InternalError, transaction

from core import clock, ledger
from core.invariants import check_all
from core.transitions import history
from core.tx import step
from fulfillment.invariants import PURCHASING
from fulfillment.models import CodeBatch, Purchase, PurchaseLine, PurchaseSource
from fulfillment.queries.restocking import restocks
from fulfillment.services.imports.cancel_import import cancel_import
from fulfillment.services.imports.import_codes import ImportRefused
from fulfillment.services.imports.run_import import run_import
from fulfillment.services.imports.start_import import start_import
from fulfillment.services.purchasing.bind_batch import is_open
from fulfillment.services.purchasing.fund_supplier import fund_supplier
from fulfillment.services.purchasing.order_purchase import (
    cancel_purchase,
    order_purchase,
    units_received,
)
from fulfillment.services.purchasing.plan_purchase import (
    NotPlannable,
    Wish,
    change_draft,
    plan_purchase,
)
from fulfillment.services.purchasing.receive_purchase import (
    close_purchase,
    end_receipt,
    receive_purchase,
)
from fulfillment.services.purchasing.refresh_forecasts import refresh_forecasts
from tests.factories.fulfillment import make_file, make_goods, make_stock, make_supplier
from tests.factories.purchasing import BY, make_draft, make_history, make_order, make_source
from tests.races.crowd import crowd

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def source(committed: None) -> PurchaseSource:
    return make_source(make_goods(), cost_minor=9000)


def receive(purchase: Purchase, units: int, *, run: bool = True, **fields: Any) -> CodeBatch:
    batch = receive_purchase(
        line_id=purchase.lines.get().pk, file_name="part.txt", chunks=[make_file(units)], by=BY,
        now=clock.now(), **fields,
    )  # fmt: skip
    while run and run_import(batch_id=batch.public_id):
        pass
    batch.refresh_from_db()
    return batch


def state(purchase: Purchase) -> str:
    return Purchase.objects.values_list("state", flat=True).get(pk=purchase.pk)


def broken() -> set[str]:
    return {v.invariant.id for v in check_all(now=clock.now(), grace=0)} & PURCHASING.keys()


def test_a_chosen_proposal_becomes_a_purchase_and_then_stock(source: PurchaseSource) -> None:
    make_history(source.sku, [20, 22, 21, 20, 24, 26, 25] * 9)
    refresh_forecasts(now=clock.now())
    (row,) = restocks(now=clock.now())
    assert row.proposal.units > 100
    wish = Wish(source.pk, row.proposal.units, row.proposal.reasons)
    (purchase,) = plan_purchase(wishes=[wish], by=BY, now=clock.now())
    order_purchase(purchase_id=purchase.public_id, paid_from="bank", by=BY, now=clock.now())
    (row,) = restocks(now=clock.now())
    assert (row.proposal.units, row.proposal.on_order) == (0, wish.units)
    receive(purchase, wish.units)
    (row,) = restocks(now=clock.now())
    assert (row.shelf.free, row.shelf.on_order) == (wish.units, 0)
    assert state(purchase) == "received"
    assert close_purchase(purchase_id=purchase.public_id, by=BY, now=clock.now())
    steps = [change.became for change in history(purchase.public_id)]
    assert steps == ["draft", "ordered", "received", "closed"]
    assert ledger.balance("code_inventory") == wish.units * 9000
    # The made-up history has no deliveries behind it.
    assert broken() == {"INV-BUY6"}


def test_parts_come_one_after_the_other(source: PurchaseSource) -> None:
    purchase = make_order(source, 30)
    first = receive(purchase, 12)
    assert (state(purchase), first.cost_minor) == ("ordered", 9000)
    assert list(units_received(purchase).values()) == [12]
    receive(purchase, 18)
    assert state(purchase) == "received"
    assert broken() == set()


def test_a_difference_ends_with_a_reason(source: PurchaseSource) -> None:
    purchase = make_order(source, 30)
    receive(purchase, 28)
    now, about = clock.now(), {"purchase_id": purchase.public_id, "by": BY}
    with pytest.raises(NotPlannable, match="say_why"):
        end_receipt(why=" ", now=now, **about)
    assert end_receipt(why="two are out of print", now=now, **about)
    assert not end_receipt(why="again", now=now, **about)
    assert close_purchase(now=now, **about)
    assert broken() == set()


def test_more_than_was_ordered_is_kept_and_seen(source: PurchaseSource) -> None:
    purchase = make_order(source, 10)
    receive(purchase, 12)
    assert state(purchase) == "ordered", "a person says why"
    assert end_receipt(purchase_id=purchase.public_id, why="two as a gift", by=BY, now=clock.now())
    assert broken() == set()


def test_prepaid_money_pays_and_is_not_overdrawn(source: PurchaseSource) -> None:
    supplier = source.supplier
    fund_supplier(
        supplier_code=supplier.code, amount_minor=15 * 9000, payment_no="B1", by=BY, now=clock.now()
    )
    purchase = make_order(source, 20, paid_from="prepaid")
    batch = receive(purchase, 10)
    assert ledger.balance(f"supplier_prepaid:{supplier.code}") == 5 * 9000
    short = receive(purchase, 10)
    assert (batch.state, short.state, short.problem) == ("finished", "paused", "prepaid_too_low")
    assert list(units_received(purchase).values()) == [10]
    assert broken() == set()


@pytest.mark.parametrize(
    ("terms", "account"),
    [("credit", "supplier_payable"), ("consign", "consigned_goods")],
)
def test_what_is_paid_later_is_owed_when_it_comes(
    source: PurchaseSource, terms: str, account: str
) -> None:
    purchase = make_order(source, 10, paid_from=terms)
    receive(purchase, 10)
    assert ledger.balance("code_inventory") == 10 * 9000
    assert ledger.balance(f"{account}:{source.supplier.code}") == -10 * 9000
    assert ledger.balance("bank") == 0
    assert broken() == set()


def test_a_file_that_is_being_read_keeps_the_purchase_open(source: PurchaseSource) -> None:
    purchase = make_order(source, 10)
    batch = receive(purchase, 10, dry_run=True)
    about: dict[str, Any] = {"purchase_id": purchase.public_id, "by": BY, "now": clock.now()}
    assert batch.state == "checked"
    assert not end_receipt(why="enough", **about)
    assert not cancel_purchase(why="enough", **about)
    start_import(batch_id=batch.public_id, by=BY, now=clock.now())
    while run_import(batch_id=batch.public_id):
        pass
    assert state(purchase) == "received"


def test_only_an_open_purchase_takes_files(source: PurchaseSource) -> None:
    draft = make_draft(source, 5)
    with pytest.raises(ImportRefused, match="purchase_not_open"):
        receive(draft, 5)
    canceled = make_order(source, 5)
    assert cancel_purchase(purchase_id=canceled.public_id, why="too dear", by=BY, now=clock.now())
    with pytest.raises(ImportRefused, match="purchase_not_open"):
        receive(canceled, 5)
    with step():
        assert not is_open(canceled.lines.get().pk)
    assert not CodeBatch.objects.exists()


def test_what_came_cannot_be_canceled(source: PurchaseSource) -> None:
    purchase = make_order(source, 5)
    batch = receive(purchase, 5, run=False)
    about = {"purchase_id": purchase.public_id, "why": "no", "by": BY}
    assert not cancel_purchase(now=clock.now(), **about)
    cancel_import(batch_id=batch.public_id, by=BY, now=clock.now())
    assert cancel_purchase(now=clock.now(), **about)


def test_one_draft_for_each_supplier() -> None:
    one, two = make_supplier(), make_supplier()
    wishes = [Wish(make_source(make_goods(), supplier).pk, 10) for supplier in (one, two, one)]
    drafts = plan_purchase(wishes=wishes, by=BY, now=clock.now())
    assert sorted(draft.lines.count() for draft in drafts) == [1, 2]


@pytest.mark.parametrize(("units", "why"), [(0, "bad_units"), (10**7, "bad_units")])
def test_absurd_quantities_are_refused(source: PurchaseSource, units: int, why: str) -> None:
    with pytest.raises(NotPlannable, match=why):
        make_draft(source, units)
    with pytest.raises(NotPlannable, match="nothing_chosen"):
        plan_purchase(wishes=[], by=BY, now=clock.now())


def test_a_draft_may_be_changed_and_an_order_not(source: PurchaseSource) -> None:
    purchase = make_draft(source, 5)
    line = purchase.lines.get()
    about: dict[str, Any] = {"purchase_id": purchase.public_id, "by": BY, "now": clock.now()}
    assert change_draft(lines={line.pk: (7, 8800)}, **about)
    line.refresh_from_db()
    assert (line.units, line.cost_minor) == (7, 8800)
    order_purchase(paid_from="bank", **about)
    assert not change_draft(lines={line.pk: (9, 8800)}, **about)
    for change in (
        lambda: PurchaseLine.objects.filter(pk=line.pk).update(units=9),
        lambda: PurchaseLine.objects.filter(pk=line.pk).delete(),
        lambda: PurchaseLine.objects.create(
            purchase=purchase, sku=make_goods(), units=1, cost_minor=1
        ),
        lambda: Purchase.objects.filter(pk=purchase.pk).update(state="draft"),
    ):
        with pytest.raises((InternalError, DatabaseError)), transaction.atomic():
            change()


def test_an_empty_draft_is_not_ordered(source: PurchaseSource) -> None:
    purchase = make_draft(source, 5)
    about: dict[str, Any] = {"purchase_id": purchase.public_id, "by": BY, "now": clock.now()}
    change_draft(lines={purchase.lines.get().pk: (0, 0)}, **about)
    with pytest.raises(NotPlannable, match="nothing_chosen"):
        order_purchase(paid_from="bank", **about)


def test_two_files_at_once_complete_it_once(source: PurchaseSource) -> None:
    purchase = make_order(source, 40)
    batches = [receive(purchase, 20, run=False) for _ in range(2)]

    def work(place: int) -> None:
        while run_import(batch_id=batches[place].public_id):
            pass

    crowd(work, [0, 1])
    assert state(purchase) == "received"
    assert [c.became for c in history(purchase.public_id)].count("received") == 1
    assert broken() == set()


def test_it_is_expected_when_its_sources_say(source: PurchaseSource) -> None:
    PurchaseSource.objects.filter(pk=source.pk).update(lead_days=4)
    purchase = make_order(source, 5)
    assert purchase.ordered_at is not None
    assert purchase.expected_on is not None
    assert purchase.expected_on - purchase.ordered_at.astimezone().date() <= timedelta(days=5)


HURTS = {
    "INV-BUY1": "update fulfillment_codebatch set cost_minor = cost_minor + 1",
    "INV-BUY2": "update fulfillment_purchase set state = 'canceled'",
    "INV-BUY3": "update fulfillment_purchaseline set units = units + 1",
    "INV-BUY4": "update core_posting set amount = amount * 2 where account_id = 'code_inventory'",
    "INV-BUY5": "update fulfillment_purchaseline set cost_minor = cost_minor + 1",
    "INV-BUY6": "update fulfillment_dailydemand set units = units + 1",
}


def test_every_invariant_has_its_hurt() -> None:
    assert HURTS.keys() == PURCHASING.keys()


@pytest.mark.parametrize("invariant", sorted(HURTS))
def test_each_is_seen_when_broken(
    invariant: str, source: PurchaseSource, owner_sql: Callable[..., Any]
) -> None:
    receive(make_order(source, 5), 5)
    make_history(make_stock(1), [0])
    assert broken() == set()
    owner_sql("set session_replication_role = replica")
    owner_sql(HURTS[invariant])
    assert invariant in broken()
