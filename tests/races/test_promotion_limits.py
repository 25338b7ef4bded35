"""A limit that is lowered in the second in which somebody orders by the old one (D12, INV-PR2)."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from catalog import snapshot
from core import clock, ledger
from core.crypto import ensure_data_key, forget_keys
from core.faults import without
from core.invariants import check_all
from orders.models import Order, Promotion
from orders.queries import promotions
from orders.services.place_order import LimitReached, PriceChanged
from orders.services.promotions.change_promotion import change_promotion
from orders.services.promotions.check_promotion import PromotionRefused
from orders.services.promotions.save_promotion import Wish, save_promotion
from tests.databases import owner
from tests.factories.catalog import make_sku
from tests.factories.orders import item, place, wanted
from tests.factories.promotions import fresh, make_promotion

pytestmark = pytest.mark.usefixtures("committed")
WAITING = (
    "select count(*) from pg_locks where not granted and relation = 'orders_promotionuse'::regclass"
)
PATIENCE = 30.0


@pytest.fixture(autouse=True)
def _quiet(committed: None, settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.STATE_DIR = tmp_path
    settings.TEST_HOOKS = True
    for forget in (snapshot.forget, ledger.forget_accounts, forget_keys, promotions.forget):
        forget()
    ensure_data_key()
    yield
    for forget in (snapshot.forget, ledger.forget_accounts, forget_keys, promotions.forget):
        forget()


@contextmanager
def ordering(contact: str) -> Iterator[list[str]]:
    """An order that has been priced stands still in its transaction while the block runs."""
    good = make_sku(kind="topup", price_minor=9000, cost_minor=1)
    ends: list[str] = []
    seen = wanted(item(good)).shown
    place(item(good), shown=seen, contact="first@example.com")

    def order() -> None:
        try:
            place(item(good), shown=seen, contact=contact)
            ends.append("placed")
        except (PriceChanged, LimitReached):
            ends.append("told")
        finally:
            connections.close_all()

    with owner() as gate:
        gate.autocommit = False
        gate.execute("lock table orders_promotionuse in share mode")
        worker = threading.Thread(target=order)
        worker.start()
        until = time.monotonic() + PATIENCE
        while gate.execute(WAITING).fetchone() == (0,):
            assert time.monotonic() < until, "the order never came to its promotion"
            time.sleep(0.01)
        yield ends
        gate.rollback()
    worker.join(PATIENCE)


def lower(row: Promotion) -> None:
    """Pause, lower to the one use that was counted, and go on."""
    told: dict[str, Any] = {"promotion": row.public_id, "by": "test", "now": clock.now()}
    change_promotion(to="paused", why="test", **told)
    wish = Wish(row.name, row.kind, row.params, stack=row.stack, most_uses=1)
    save_promotion(wish=wish, **told)
    change_promotion(to="live", why="test", **told)
    fresh()


def over() -> list[str]:
    return [str(one) for one in check_all(now=clock.now(), grace=0, only="INV-PR2")]


def test_an_order_under_way_keeps_to_the_limit_that_was_lowered() -> None:
    row = make_promotion("amount_off", {"steps": [[0, 500]]}, most_uses=2)
    with ordering("second@example.com") as ends:
        lower(row)
    assert ends == ["told"]
    assert (Order.objects.count(), over()) == (1, [])


def test_a_promotion_paused_meanwhile_gives_nothing_more() -> None:
    row = make_promotion("amount_off", {"steps": [[0, 500]]}, most_uses=2)
    with ordering("second@example.com") as ends:
        change_promotion(
            promotion=row.public_id, to="paused", why="test", by="test", now=clock.now()
        )
        fresh()
    assert ends == ["told"]


def test_without_the_row_more_is_used_than_the_limit() -> None:
    """Negative control: what the look at the promotion's row is for."""
    row = make_promotion("amount_off", {"steps": [[0, 500]]}, most_uses=2)
    with without("promotions.row"), ordering("second@example.com") as ends:
        lower(row)
    assert ends == ["placed"]
    assert len(over()) == 1


def test_a_limit_is_not_lowered_under_what_orders_have() -> None:
    row = make_promotion("amount_off", {"steps": [[0, 500]]}, most_uses=3)
    good = make_sku(kind="topup", price_minor=9000, cost_minor=1)
    for name in ("ann", "ben"):
        place(item(good), contact=f"{name}@example.com")
    with pytest.raises(PromotionRefused):
        lower(row)
    assert over() == []
