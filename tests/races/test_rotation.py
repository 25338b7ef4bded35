"""Keys change while the shop sells: no reveal fails, and the old key opens nothing in the end (E09)."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from catalog import snapshot
from core import clock, crypto, ledger
from core.crypto import CannotUnseal, ensure_data_key, forget_keys
from core.models import DataKey
from core.rotation import new_data_key, reseal_batch, retire_unused
from core.tx import step
from fulfillment.models import Code
from fulfillment.services.hold import HoldLine, hold
from fulfillment.services.open_deliveries import OpenLine, open_deliveries
from fulfillment.services.reveal import code_context, reveal
from tests.factories.fulfillment import make_stock
from tests.races.crowd import crowd

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture(autouse=True)
def _vault(committed: None, settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.STATE_DIR = tmp_path
    for forget in (snapshot.forget, ledger.forget_accounts, forget_keys):
        forget()
    ensure_data_key()
    yield
    for forget in (snapshot.forget, ledger.forget_accounts, forget_keys):
        forget()


def test_rotation_under_load() -> None:
    sku = make_stock(400)
    first = DataKey.objects.get().pk
    sample = Code.objects.order_by("pk").first()
    assert sample is not None
    before = bytes(sample.sealed)
    done = threading.Event()
    turns: list[int] = []

    def rotate() -> None:
        try:
            while not done.is_set() and len(turns) < 3:
                turns.append(new_data_key())
                while reseal_batch(limit=50):
                    pass
        finally:
            connections.close_all()

    def sell(number: int) -> None:
        now, reference = clock.now(), f"ord_{number}"
        with step():
            hold(
                reference=reference, lines=[HoldLine("a", sku.pk, 1)],
                until=now + timedelta(minutes=5), channel="main", now=now,
            )  # fmt: skip
            opened = open_deliveries(
                reference=reference, owner=None, channel="main", lines=[OpenLine("a", sku.pk, 1)],
                now=now,
            )  # fmt: skip
        (code,) = reveal(delivery_id=opened.delivered[0].delivery, by="guest", ip="", now=now)
        assert code.secret.startswith("SECRET-")

    turner = threading.Thread(target=rotate)
    turner.start()
    crowd(sell, range(300), threads=8)
    done.set()
    turner.join()
    assert turns
    while reseal_batch(limit=200):
        pass
    assert first in retire_unused()
    forget_keys()
    with pytest.raises(CannotUnseal):
        crypto.unseal(before, context=code_context(sample.pk))
    assert Code.objects.filter(state="sold").count() == 300
