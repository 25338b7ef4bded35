"""Each invariant of the wallet is broken on purpose, as owner with the triggers asleep, and seen."""

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
from fulfillment.services.wallet.activate import Bearer, activate
from fulfillment.services.wallet.reveal_links import send_reveal_link
from fulfillment.services.wallet.set_activation_terms import set_activation_terms
from fulfillment.wiring.wallet import WALLET
from tests.factories.fulfillment import make_stock
from tests.factories.wallet import buy, buy_one, claim, given

pytestmark = pytest.mark.usefixtures("committed")
OPEN = "from fulfillment_gift g where g.state = 'open' and g.entitlement_id = e.id"

HURTS: dict[str, list[str]] = {
    "INV-W1": ["update fulfillment_entitlement set given_at = null where given_at is not null"],
    "INV-W2": ["update fulfillment_entitlement set owner = 'usr_THIEF' where moves = 1"],
    "INV-W3": [
        "insert into fulfillment_entitlementbinding (public_id, entitlement_id, number, kind,"
        " value_index, masked, by, ip, at) select 'bnd_X', entitlement_id, 2, kind,"
        " sha256('x'::bytea), '', '', '', now() from fulfillment_entitlementbinding limit 1"
    ],
    "INV-W4": [f"update fulfillment_entitlement e set state = 'revoked' where exists (select 1 {OPEN})"],
    "INV-W5": [
        "insert into fulfillment_codereveal (public_id, delivery_id, code_id, by, ip, at)"
        " select 'rvl_X', e.delivery_id, i.code_id, 'x', '', now() from fulfillment_entitlement e"
        " join fulfillment_codeissue i on i.delivery_id = e.delivery_id"
        " where e.given_at is not null limit 1"
    ],
    "INV-W6": ["update fulfillment_gift set state = 'taken_back' where state = 'claimed'"],
    "INV-W7": ["update fulfillment_gift set expires_at = now() - interval '1 hour'"
               " where state = 'open'"],
}  # fmt: skip
MORE: dict[str, tuple[str, str]] = {
    "a gap in the chain": (
        "INV-W2", "update fulfillment_ownershipchange set number = 2",
    ),
    "a chain that starts again": (
        "INV-W2", "update fulfillment_ownershipchange set became = 'usr_X'",
    ),
    "an owner without a chain": (
        "INV-W2", "update fulfillment_entitlement set moves = 3 where moves = 0",
    ),
    "a veil without a gift": (
        "INV-W1", "update fulfillment_gift set state = 'ended', ended_at = now() where state = 'open'",
    ),
    "a thing past its end": (
        "INV-W7", "update fulfillment_entitlement set valid_until = now() - interval '1 hour'"
        " where given_at is null and state = 'issued'",
    ),
    "a link past its end": (
        "INV-W7", "update fulfillment_reveallink set expires_at = now() - interval '1 hour'",
    ),
    "an unmoved thing in a strange wallet": (
        "INV-D13", "update fulfillment_entitlement set owner = 'usr_X' where moves = 0",
    ),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _shop(committed: None, settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.STATE_DIR = tmp_path
    for forget in (snapshot.forget, ledger.forget_accounts, forget_keys):
        forget()
    ensure_data_key()
    under_way, accepted, linked = buy("usr_GIVER", 3)
    given(under_way)
    claim(given(accepted), "usr_FRIEND")
    now = clock.now()
    send_reveal_link(
        entitlement=linked.public_id, to="me@example.com", by="user:usr_GIVER", moves=0,
        language="en", now=now,
    )  # fmt: skip
    sku = make_stock(1)
    with step():
        set_activation_terms(
            sku_id=sku.pk, binding="device", activations=1, by="x", now=now - timedelta(days=1)
        )
    bound = buy_one("usr_OWNER", sku=sku)
    bearer = Bearer("user:usr_OWNER", "192.0.2.1", device="d" * 22)
    activate(entitlement=bound.public_id, bearer=bearer, moves=0, now=now)
    yield
    for forget in (snapshot.forget, ledger.forget_accounts, forget_keys):
        forget()


def broken() -> set[str]:
    return {v.invariant.id for v in check_all(now=clock.now(), only="INV-")}


def test_a_healthy_wallet_breaks_none() -> None:
    assert broken() == set()


def test_every_invariant_has_its_hurt() -> None:
    assert set(HURTS) == set(WALLET)


@pytest.mark.parametrize("invariant", sorted(HURTS))
def test_it_is_seen(invariant: str, owner_sql: Callable[..., Any]) -> None:
    owner_sql("set session_replication_role = replica")
    for statement in HURTS[invariant]:
        owner_sql(statement)
    assert invariant in broken()


@pytest.mark.parametrize("how", sorted(MORE))
def test_so_is_each_other_way(how: str, owner_sql: Callable[..., Any]) -> None:
    invariant, statement = MORE[how]
    owner_sql("set session_replication_role = replica")
    owner_sql(statement)
    assert invariant in broken()


def test_the_database_refuses_two_open_gifts_and_a_third_state(
    owner_sql: Callable[..., Any],
) -> None:
    import psycopg

    copy = (
        "insert into fulfillment_gift (public_id, entitlement_id, token_hash, giver, sender, greeting,"
        " card, state, moves, sent_to, claimer, language, created_at, expires_at)"
        " select 'gft_X', entitlement_id, sha256('x'::bytea), giver, '', '', '', 'open', 0, '', '',"
        " '', now(), now() from fulfillment_gift where state = 'open'"
    )
    with pytest.raises(psycopg.errors.UniqueViolation):
        owner_sql(copy)
    with pytest.raises(psycopg.errors.RaiseException):
        owner_sql(
            "update fulfillment_gift set state = 'open', ended_at = null where state = 'claimed'"
        )
    for table in ("fulfillment_ownershipchange", "fulfillment_activationterms"):
        with pytest.raises(psycopg.errors.RaiseException):
            owner_sql(f"update {table} set by = 'nobody'")
