"""Each invariant of editions is broken on purpose, as owner with the triggers asleep, and seen."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from catalog import snapshot
from core import clock, ledger
from core.crypto import ensure_data_key, forget_keys
from core.invariants import check_all
from core.roles import append_only_tables
from core.tx import step
from fulfillment.models import Delivery, Entitlement
from fulfillment.services.revoke_delivery import revoke_delivery
from fulfillment.wiring.edition import EDITIONS
from tests.factories.editions import make_edition, sell
from tests.factories.wallet import claim, given

pytestmark = pytest.mark.usefixtures("committed")

LAST = """l.number = (select max(number) from fulfillment_certificatelink m
 where m.certificate_id = l.certificate_id)"""
HURTS: dict[str, tuple[str, str]] = {
    "a gap": ("INV-E1", "update fulfillment_certificate set number = 9 where number = 3"),
    "one more than sold": ("INV-E1", "update fulfillment_edition set issued = issued + 1"),
    "a record altered": (
        "INV-E2", "update fulfillment_certificatelink set record ="
        " replace(record, '\"of\":5', '\"of\":500') where number = 0",
    ),
    "a record altered with its hash": (
        "INV-E2", "update fulfillment_certificatelink l set hash = encode(sha256(convert_to("
        " replace(l.record, '\"of\":5', '\"of\":6'), 'UTF8')), 'hex'),"
        " record = replace(l.record, '\"of\":5', '\"of\":6') where number = 0",
    ),
    "a link missing in the middle": (
        "INV-E2", "delete from fulfillment_certificatelink where number = 1",
    ),
    "no first link": ("INV-E2", "delete from fulfillment_certificatelink"),
    "another size than certified": ("INV-E2", "update fulfillment_edition set size = 50"),
    "another owner": ("INV-E3", "update fulfillment_entitlement set owner = 'usr_THIEF'"),
    "a move that no link tells": (
        "INV-E3", f"delete from fulfillment_certificatelink l where number > 1 and {LAST}",
    ),
    "taken back and not retired": (
        "INV-E3", "update fulfillment_entitlement set state = 'revoked' where state = 'issued'",
    ),
    "a piece lost": ("INV-E4", "delete from fulfillment_editionplace where sold_at is null"),
    "a piece sold without a number": (
        "INV-E4", "update fulfillment_editionplace set sold_at = now(), held_by = 'ord_X'",
    ),
    "a unit without a number": (
        "INV-E5", "delete from fulfillment_certificatelink where certificate_id ="
        " (select max(id) from fulfillment_certificate);"
        " delete from fulfillment_certificate where id ="
        " (select max(id) from fulfillment_certificate)",
    ),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _shop(committed: None, settings: Any, tmp_path: Path) -> Iterator[None]:
    """Five pieces: one passed on twice, one as bought, one taken back, two free."""
    settings.STATE_DIR = tmp_path
    for forget in (snapshot.forget, ledger.forget_accounts, forget_keys):
        forget()
    ensure_data_key()
    passed, _kept, returned = sell(make_edition(5), 3, owner="usr_A")
    claim(given(passed.entitlement), "usr_B")
    claim(given(Entitlement.objects.get(pk=passed.entitlement_id)), "usr_C")
    with step():
        delivery = Delivery.objects.select_for_update(of=("self",)).get(
            pk=returned.entitlement.delivery_id
        )
        assert revoke_delivery(
            delivery=delivery, reason="refunded", approval="", by="system", now=clock.now()
        )
    yield
    for forget in (snapshot.forget, ledger.forget_accounts, forget_keys):
        forget()


def broken() -> set[str]:
    return {v.invariant.id for v in check_all(now=clock.now(), only="INV-E")}


def test_a_healthy_edition_breaks_none() -> None:
    assert {v.invariant.id for v in check_all(now=clock.now(), only="INV-")} == set()


def test_every_invariant_has_its_hurt() -> None:
    assert {found for found, _sql in HURTS.values()} == set(EDITIONS)


@pytest.mark.parametrize("name", HURTS)
def test_it_is_seen(name: str, owner_sql: Callable[..., Any]) -> None:
    invariant, hurts = HURTS[name]
    owner_sql("set session_replication_role = replica")
    for hurt in hurts.split(";"):
        owner_sql(hurt)
    assert invariant in broken()


@pytest.mark.parametrize("table", ["certificate", "certificatelink"])
def test_chains_are_only_added_to(table: str) -> None:
    assert f"fulfillment_{table}" in append_only_tables()
    for statement in (
        f"update fulfillment_{table} set id = id",
        f"delete from fulfillment_{table}",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
