"""Each invariant of this floor is broken on purpose, as owner with the triggers asleep, and seen."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from catalog import snapshot
from core import clock, ledger
from core.crypto import ensure_data_key, forget_keys
from core.invariants import check_all
from core.tx import step
from fulfillment.invariants import SHARES, SUPPLY, VAULT
from fulfillment.services.hold import HoldLine, hold
from fulfillment.services.open_deliveries import OpenLine, open_deliveries
from fulfillment.services.reveal import reveal
from tests.factories.fulfillment import make_goods, make_offer, make_stock, make_supplier

pytestmark = pytest.mark.usefixtures("committed")

ATTEMPT = """
insert into fulfillment_attempt (public_id, delivery_id, supplier_id, offer_id, number,
    supplier_sku, state, supplier_no, max_cost_minor, currency, answer_code, created_at, query_count,
    not_found_count, lease_token, tries, next_query_at, closed_at)
select 'att_{n}', d.id, o.supplier_id, o.id, 'N{n}', 'X', '{state}', '', 1, 'CNY', '', {at}, 0, 0,
    '', 0, {due}, {closed}
from fulfillment_delivery d, fulfillment_supplieroffer o limit 1
"""
EVENT = """
insert into fulfillment_supplierevent (supplier_id, attempt_id, source, verdict, trusted, number,
    supplier_no, code, problem, status, digest, dedupe_key, at)
select supplier_id, id, 'query', 'succeeded', true, '', '', '', '', 200, '', '',
    now() - interval '1 hour' from fulfillment_attempt limit 1
"""


def attempt(
    n: int, state: str, *, at: str = "now()", due: str = "null", closed: str = "null"
) -> str:
    return ATTEMPT.format(n=n, state=state, at=at, due=due, closed=closed)


HURTS: dict[str, list[str]] = {
    "INV-D1": [
        "insert into fulfillment_codeissue (code_id, delivery_id, number, at)"
        " select c.id, i.delivery_id, 3, now() from fulfillment_code c, fulfillment_codeissue i"
        " where c.state = 'available' limit 1"
    ],
    "INV-D2": ["update fulfillment_code set state = 'available', held_by = '', sold_at = null"
               " where state = 'sold'"],
    "INV-D3": ["delete from fulfillment_codeissue"],
    "INV-D4": [attempt(1, "succeeded"), attempt(2, "succeeded")],
    "INV-D5": [attempt(1, "unknown"), attempt(2, "prepared")],
    "INV-D9": [attempt(1, "failed"), EVENT],
    "INV-D12": ["update core_journal set key = 'gone' where key like 'cost:%'"],
    "INV-D13": ["delete from fulfillment_entitlement"],
    "INV-S1": ["update fulfillment_codebatch set accepted = accepted + 1, declared = declared + 1"],
    "INV-S2": ["drop index if exists x",
               "insert into fulfillment_code (id, sku_id, batch_id, sealed, index, masked, state,"
               " expires_on, spin, held_by, held_line, channel) select gen_random_uuid(), sku_id,"
               " batch_id, sealed, index, masked, 'available', expires_on, 0, '', '', ''"
               " from fulfillment_code limit 1"],
    "INV-S3": ["update fulfillment_code set held_by = 'ord_GHOST' where state = 'available'"],
    "INV-S5": ["update fulfillment_code set state = 'held', held_by = 'x',"
               " held_until = now() - interval '1 hour' where state = 'available'"],
    "INV-S81": ["update fulfillment_code set share = 'other' where state = 'sold'"],
    "INV-S82": ["insert into fulfillment_shareticket (sku_id, channel, code_id)"
                " select sku_id, 'other', id from fulfillment_code where state = 'sold' limit 1"],
    "INV-S83": ["update fulfillment_code set share = 'other' where state = 'available'"],
    "INV-S84": ["insert into fulfillment_shareticket (sku_id, channel)"
                " select sku_id, 'other' from fulfillment_code limit 1"],
    "INV-S86": ["update fulfillment_code set state = 'consigned' where state = 'available'"],
    "INV-S87": ["with e as (insert into fulfillment_codeexport (public_id, approval, sku_id, rows,"
                " requested_by, agreed_by, stored, wrong_tries, state, created_at, expires_at)"
                " select 'exp_X', 'app_X', sku_id, 1, '', '', '', 0, 'taken', now(), now()"
                " from fulfillment_code limit 1 returning id, sku_id),"
                " n as (insert into fulfillment_consignment (public_id, sku_id, channel, export_id,"
                " created_at) select 'con_X', sku_id, 'x', id, now() from e returning id)"
                " insert into fulfillment_consignedunit (consignment_id, code_id, name_index, state,"
                " external_no, changed_at) select n.id, c.id, '', 'sold', '1', now()"
                " from n, fulfillment_code c where c.state = 'available' limit 1"],
    "INV-S85": ["update fulfillment_code set share = 'other' where state = 'available'"],
    "INV-S8": ["update core_posting set amount = amount * 2 where account_id = 'code_inventory'"],
    "INV-A2": ["delete from core_auditentry"],
    "INV-L9": ["with j as (insert into core_journal (key, kind, at, note)"
               " values ('attempt.sent:x', 'attempt.sent', now(), '') returning id)"
               " insert into core_posting (journal_id, account_id, amount, currency, subject)"
               " select id, leg.account, leg.amount, 'CNY', 'ord_T' from j, (values"
               " ('supplier_suspense:x', 5), ('supplier_prepaid:x', -5)) as leg(account, amount)"],
    "INV-O2": [attempt(1, "sent", due="now() - interval '1 hour'")],
}  # fmt: skip
# What the database itself refuses has to be switched off to be broken.
LOOSEN = {
    "INV-S2": ("alter table fulfillment_code drop constraint fulfillment_code_once",
               "alter table fulfillment_code add constraint fulfillment_code_once unique (index)"),
    "INV-S3": ("alter table fulfillment_code drop constraint fulfillment_code_holder", ""),
    "INV-D1": ("alter table fulfillment_codeissue drop constraint fulfillment_issue_chain", ""),
    "INV-D4": ("drop index fulfillment_attempt_one_live",
               "create unique index fulfillment_attempt_one_live on fulfillment_attempt (delivery_id)"
               " where state in ('accepted', 'prepared', 'sent', 'unknown', 'succeeded')"),
}  # fmt: skip
LOOSEN["INV-D5"] = LOOSEN["INV-D4"]
CONSTRAINTS = {
    "INV-S3": ("fulfillment_code", "fulfillment_code_holder"),
    "INV-D1": ("fulfillment_codeissue", "fulfillment_issue_chain"),
}


@pytest.fixture(autouse=True)
def _shop(committed: None, settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.STATE_DIR = tmp_path
    for forget in (snapshot.forget, ledger.forget_accounts, forget_keys):
        forget()
    ensure_data_key()
    sku = make_stock(3)
    make_offer(make_goods("topup"), make_supplier())
    now = clock.now()
    with step():
        hold(
            reference="ord_T", lines=[HoldLine("a", sku.pk, 1)], until=now + timedelta(minutes=5),
            channel="main", now=now,
        )  # fmt: skip
        opened = open_deliveries(
            reference="ord_T", owner=None, channel="main", lines=[OpenLine("a", sku.pk, 1)], now=now
        )
    reveal(delivery_id=opened.delivered[0].delivery, by="guest", ip="", now=now)
    yield
    for forget in (snapshot.forget, ledger.forget_accounts, forget_keys):
        forget()


UNIT = """
insert into fulfillment_delivery (public_id, reference, line, unit, owner, channel, sku_id, kind,
    target_masked, state, currency, reason, supplier_no, resolved_by, approval, created_at,
    not_before, lease_until, lease_token, tries)
select 'dlv_LOST', 'ord_LOST', 'l', 1, '', 'main', min(sku_id), 'topup', '', '{state}', 'CNY', '', '',
    '', '', now() - interval '1 hour', {due}, {lease}, '', 0 from fulfillment_delivery
"""
LONG_AGO, JUST_NOW = "now() - interval '1 hour'", "now() - interval '1 minute'"


@pytest.mark.parametrize(
    ("hurt", "seen"),
    [
        (attempt(1, "prepared", at=LONG_AGO), True),
        (attempt(1, "unknown", at=LONG_AGO), True),
        (attempt(1, "prepared", at=JUST_NOW), False),
        (attempt(1, "failed", at=LONG_AGO), False),
        (UNIT.format(state="pending", due=LONG_AGO, lease="null"), True),
        (UNIT.format(state="dispatched", due="null", lease="null"), True),
        (UNIT.format(state="unknown", due=LONG_AGO, lease=LONG_AGO), True),
        (UNIT.format(state="pending", due=LONG_AGO, lease=JUST_NOW), False),
        (UNIT.format(state="pending", due="now() + interval '1 hour'", lease="null"), False),
        (UNIT.format(state="manual", due=LONG_AGO, lease="null"), False),
        (UNIT.format(state="failed", due=LONG_AGO, lease="null"), False),
    ],
)
def test_what_a_queue_has_forgotten_is_seen(
    hurt: str, *, seen: bool, owner_sql: Callable[..., Any]
) -> None:
    owner_sql("set session_replication_role = replica")
    owner_sql(hurt)
    assert ("INV-O2" in broken()) is seen


def broken() -> set[str]:
    return {v.invariant.id for v in check_all(now=clock.now()) if v.invariant.id in HURTS}


def test_a_healthy_shop_breaks_none() -> None:
    assert broken() == set()


def test_every_invariant_has_its_hurt() -> None:
    assert set(HURTS) == {**VAULT, **SHARES, **SUPPLY}.keys()


@pytest.mark.parametrize("invariant", sorted(HURTS))
def test_it_is_seen(invariant: str, owner_sql: Callable[..., Any]) -> None:
    loosen, tighten = LOOSEN.get(invariant, ("", ""))
    definition = ""
    if invariant in CONSTRAINTS:
        name = CONSTRAINTS[invariant][1]
        ((definition,),) = owner_sql(
            "select pg_get_constraintdef(oid) from pg_constraint where conname = %s", [name]
        )
    owner_sql("set session_replication_role = replica")
    if loosen:
        owner_sql(loosen)
    try:
        for statement in HURTS[invariant]:
            owner_sql(statement)
        assert invariant in broken()
    finally:
        _mend(owner_sql, tighten, CONSTRAINTS.get(invariant), definition)


def _mend(
    owner_sql: Callable[..., Any], tighten: str, constraint: tuple[str, str] | None, definition: str
) -> None:
    if tighten or constraint:
        for table in ("fulfillment_codeissue", "fulfillment_codereveal", "fulfillment_attempt",
                      "fulfillment_code", "fulfillment_supplierevent"):  # fmt: skip
            owner_sql(f"delete from {table}")
    if tighten:
        owner_sql(tighten)
    if constraint:
        table, name = constraint
        owner_sql(f"alter table {table} add constraint {name} {definition}")
