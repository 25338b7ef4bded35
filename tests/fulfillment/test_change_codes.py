"""Quarantine, restore, write off, expire, replace: with history, and the books stay right."""

from datetime import date, timedelta

import pytest
from django.db import connection

from catalog.models import Sku
from core import approvals, clock, ledger
from core.approvals import SelfApproval
from core.invariants import check_all
from core.models import AuditEntry, StateChange
from core.tx import step
from fulfillment.models import Code, CodeIssue, Delivery
from fulfillment.services.hold import HoldLine, SoldOut, hold
from fulfillment.services.open_deliveries import OpenLine, open_deliveries
from fulfillment.services.pool.expire_codes import expire_codes
from fulfillment.services.pool.quarantine_codes import freeze_batch, quarantine_codes
from fulfillment.services.pool.replace_code import request_replacement
from fulfillment.services.pool.restore_codes import restore_codes, thaw_batch
from fulfillment.services.pool.sweep_pool import sweep_pool, tell_shelf
from fulfillment.services.pool.void_codes import request_void
from fulfillment.services.reveal import reveal
from tests.factories.accounts import make_staff
from tests.factories.fulfillment import make_stock

pytestmark = pytest.mark.django_db
BY = "user:usr_X"


def assert_sound() -> None:
    assert [str(v) for v in check_all(now=clock.now()) if v.invariant.id[4] in "DSLA"] == []


def states() -> dict[str, int]:
    found: dict[str, int] = {}
    for state in Code.objects.values_list("state", flat=True):
        found[state] = found.get(state, 0) + 1
    return found


def sell(sku: Sku, reference: str = "ord_T", units: int = 1) -> list[str]:
    now = clock.now()
    with step():
        hold(
            reference=reference, lines=[HoldLine("a", sku.pk, units)],
            until=now + timedelta(minutes=5), channel="main", now=now,
        )  # fmt: skip
        opened = open_deliveries(
            reference=reference, owner=None, channel="main",
            lines=[OpenLine("a", sku.pk, units)], now=now,
        )  # fmt: skip
    return [unit.delivery for unit in opened.delivered]


def shown(sku: Sku) -> str:
    return Sku.objects.get(pk=sku.pk).availability


def test_quarantine_takes_free_codes_and_leaves_history() -> None:
    sku = make_stock(3)
    sell(sku)
    ids = list(Code.objects.values_list("pk", flat=True))
    assert quarantine_codes(code_ids=ids, by=BY, why="strange", now=clock.now()) == 2
    assert states() == {"sold": 1, "quarantined": 2}
    assert shown(sku) == "out"
    change = StateChange.objects.filter(entity="code", became="quarantined").first()
    assert change is not None
    assert (change.by, change.why) == (BY, "strange")
    with pytest.raises(SoldOut):
        sell(sku, "ord_U")
    assert restore_codes(code_ids=ids, by=BY, why="fine", now=clock.now()) == 2
    assert (states(), shown(sku)) == ({"sold": 1, "available": 2}, "low")
    assert_sound()


def test_a_frozen_batch_gives_up_even_what_is_held() -> None:
    sku = make_stock(4)
    sell(sku)
    now = clock.now()
    with step():
        hold(
            reference="ord_H", lines=[HoldLine("a", sku.pk, 2)], until=now + timedelta(minutes=5),
            channel="main", now=now,
        )  # fmt: skip
    batch = Code.objects.first().batch  # type: ignore[union-attr]
    assert freeze_batch(batch_id=batch.public_id, by=BY, why="leak", now=now) == 3
    assert states() == {"sold": 1, "quarantined": 3}
    with step():
        opened = open_deliveries(
            reference="ord_H", owner=None, channel="main", lines=[OpenLine("a", sku.pk, 2)], now=now
        )
    assert opened.short == (sku.pk,)
    assert thaw_batch(batch_id=batch.public_id, by=BY, why="false alarm", now=now) == 3
    assert_sound()


def test_writing_off_takes_two_persons_and_costs() -> None:
    make_stock(3)
    one, two = make_staff("operator"), make_staff("operator")
    ids = list(Code.objects.values_list("pk", flat=True))[:2]
    asked = request_void(code_ids=ids, by=one.public_id, why="dead", now=clock.now())
    assert states() == {"available": 3}
    with pytest.raises(SelfApproval):
        approvals.decide(approval_id=asked.public_id, by=one.public_id, agree=True, now=clock.now())
    approvals.decide(approval_id=asked.public_id, by=two.public_id, agree=True, now=clock.now())
    assert states() == {"available": 1, "void": 2}
    assert (ledger.balance("writeoff"), ledger.balance("code_inventory")) == (18_000, 9000)
    assert AuditEntry.objects.filter(tag="codes:voided").count() == 1
    assert_sound()


def test_days_pass() -> None:
    sku = make_stock(2, expires_on=date(2031, 1, 1))
    make_stock(1, sku=sku)
    later = clock.now().replace(year=2031, month=1, day=3)
    assert expire_codes(now=later) == 2
    assert states() == {"expired": 2, "available": 1}
    assert ledger.balance("writeoff") == 18_000
    one, two = make_staff("operator"), make_staff("operator")
    ids = list(Code.objects.filter(state="expired").values_list("pk", flat=True))
    asked = request_void(code_ids=ids, by=one.public_id, why="tidy", now=clock.now())
    approvals.decide(approval_id=asked.public_id, by=two.public_id, agree=True, now=clock.now())
    assert ledger.balance("writeoff") == 18_000  # once per code
    assert_sound()


def test_a_dead_code_is_replaced_by_two_persons() -> None:
    sku = make_stock(3)
    (delivery,) = sell(sku)
    one, two = make_staff("operator"), make_staff("operator")
    old = reveal(delivery_id=delivery, by="guest", ip="", now=clock.now())
    asked = request_replacement(delivery_id=delivery, by=one.public_id, why="dead", now=clock.now())
    approvals.decide(approval_id=asked.public_id, by=two.public_id, agree=True, now=clock.now())
    new = reveal(delivery_id=delivery, by="guest", ip="", now=clock.now())
    assert new != old
    assert list(CodeIssue.objects.order_by("number").values_list("number", flat=True)) == [1, 2]
    assert states() == {"sold": 2, "available": 1}
    assert ledger.balance("cogs", subject="ord_T") == 18_000
    assert Delivery.objects.get().state == "delivered"
    assert_sound()


def test_the_shelf_is_told_at_thresholds_only() -> None:
    sku = make_stock(22)
    assert shown(sku) == "in"
    assert tell_shelf(now=clock.now()) == 0
    sell(sku)
    assert tell_shelf(now=clock.now()) == 0
    sell(sku, "ord_2", 2)
    assert shown(sku) == "in"
    assert tell_shelf(now=clock.now()) == 1
    assert shown(sku) == "low"
    sell(sku, "ord_3", 19)
    assert tell_shelf(now=clock.now()) == 1
    assert shown(sku) == "out"


def test_the_sweep_frees_expires_and_tells() -> None:
    sku = make_stock(2)
    now = clock.now()
    with step():
        hold(
            reference="ord_H", lines=[HoldLine("a", sku.pk, 1)],
            until=now - timedelta(seconds=60), channel="main", now=now,
        )  # fmt: skip
    sweep_pool(now=now)
    assert states() == {"available": 2}
    assert_sound()


def test_history_cannot_be_rewritten() -> None:
    make_stock(1)
    for table in ("fulfillment_codeissue", "fulfillment_codereveal", "fulfillment_supplierevent"):
        for statement in (
            f"delete from {table}",
            f"truncate {table}",
            f"update {table} set id = id",
        ):
            with (
                pytest.raises(Exception, match="permission denied"),
                step(),
                connection.cursor() as c,
            ):
                c.execute(statement)
