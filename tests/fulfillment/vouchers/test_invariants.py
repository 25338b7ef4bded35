"""What must hold of vouchers is broken on purpose, as owner with the triggers asleep, and seen."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from catalog import snapshot
from core import clock, ledger
from core.crypto import ensure_data_key, forget_keys
from core.invariants import check_all
from fulfillment.invariants import VOUCHERS
from fulfillment.models import ClerkRole
from fulfillment.services.redeeming.redeem import redeem
from fulfillment.services.redeeming.undo_redemption import undo_redemption
from tests.factories.redemption import make_clerk, make_store, make_voucher_sku, sell_voucher

pytestmark = pytest.mark.usefixtures("committed")

UNDO_AGAIN = """
insert into fulfillment_redemption (public_id, kind, entitlement_id, voucher_id, merchant_id,
    store_id, actor, nonce, uses, amount_minor, share_minor, currency, reference, channel, why, at,
    undo_of_id)
select 'rdm_X', 'undo', entitlement_id, voucher_id, merchant_id, store_id, 'x', 'x', uses + 1,
    amount_minor, share_minor, currency, reference, channel, '', now(), id
from fulfillment_redemption where kind = 'use' order by id limit 1
"""
HURTS: dict[str, list[str]] = {
    "INV-V1": ["update fulfillment_entitlement set uses_left = uses_left + 1 where uses_left = 1"],
    "INV-V2": ["update fulfillment_entitlement set valid_until = now() - interval '1 day'"],
    "INV-V7": ["update fulfillment_entitlement set state = 'exhausted' where uses_left > 0"],
    "INV-V8": ["update fulfillment_vouchercode set replaced_at = now()"],
    "INV-V9": [UNDO_AGAIN],
    "INV-V10": ["update core_posting set amount = amount * 2"],
}
MORE = [
    ("INV-V1", "delete from fulfillment_redemption where kind = 'undo'"),
    ("INV-V1", "update fulfillment_entitlement set uses_left = null, uses_total = null"),
    ("INV-V2", "update fulfillment_entitlement set valid_from = now() + interval '1 day'"),
    ("INV-V2", "update fulfillment_delivery set revoked_at = now() - interval '1 day'"),
    ("INV-V2", "update fulfillment_entitlement set state = 'revoked'"),
    ("INV-V8", "delete from fulfillment_codereveal; delete from fulfillment_redemption;"
               " delete from fulfillment_vouchercode"),
    ("INV-V8", "update fulfillment_vouchercode set number = 2"),
    ("INV-V10", "delete from core_posting"),
]  # fmt: skip


@pytest.fixture(autouse=True)
def _shop(committed: None, settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.STATE_DIR = tmp_path
    for forget in (snapshot.forget, ledger.forget_accounts, forget_keys):
        forget()
    ensure_data_key()
    store = make_store()
    clerk = make_clerk(store, role=ClerkRole.LEAD)
    sku = make_voucher_sku(store, uses=3, share_minor=700)
    for nonce in ("a", "b", "c"):
        sold = sell_voucher(sku)
        redeem(code=sold.code, clerk=clerk, uses=2, nonce=nonce, ip="", now=clock.now())
    used = redeem(code=sold.code, clerk=clerk, nonce="d", ip="", now=clock.now())
    undo_redemption(redemption=used.redemption, clerk=clerk, nonce="e", reason="", now=clock.now())
    yield
    for forget in (snapshot.forget, ledger.forget_accounts, forget_keys):
        forget()


def broken() -> set[str]:
    return {v.invariant.id for v in check_all(now=clock.now()) if v.invariant.id in VOUCHERS}


def test_a_healthy_shop_breaks_none() -> None:
    assert broken() == set()


def test_every_invariant_has_its_hurt() -> None:
    assert set(HURTS) == set(VOUCHERS)


@pytest.mark.parametrize(
    ("invariant", "statement"), [*((k, s) for k, v in HURTS.items() for s in v), *MORE]
)
def test_it_is_seen(invariant: str, statement: str, owner_sql: Callable[..., Any]) -> None:
    owner_sql("set session_replication_role = replica")
    for one in statement.split(";"):
        owner_sql(one)
    assert invariant in broken()
