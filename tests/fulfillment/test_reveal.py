"""The one way out of the vault."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import clock
from core.crypto import CannotUnseal
from core.models import AuditEntry
from core.tx import step
from fulfillment.models import Code, CodeReveal, Delivery
from fulfillment.services.hold import HoldLine, hold
from fulfillment.services.open_deliveries import OpenLine, open_deliveries
from fulfillment.services.reveal import (
    STAFF_LOOKS_A_DAY,
    NotRevealable,
    RevealLimited,
    reveal,
)
from fulfillment.units import RevealedCode
from tests.factories.fulfillment import import_file, make_goods

pytestmark = pytest.mark.django_db


def sell(units: int = 1) -> list[str]:
    sku = make_goods()
    import_file(sku, b"".join(b"NUMBER-%d----CANARY-%d\n" % (i, i) for i in range(units)))
    now = clock.now()
    with step():
        hold(
            reference="ord_TEST", lines=[HoldLine("a", sku.pk, units)],
            until=now + timedelta(minutes=5), channel="main", now=now,
        )  # fmt: skip
        opened = open_deliveries(
            reference="ord_TEST", owner=None, channel="main",
            lines=[OpenLine("a", sku.pk, units)], now=now,
        )  # fmt: skip
    return [unit.delivery for unit in opened.delivered]


def look(delivery: str, by: str = "guest", **more: bool) -> list[RevealedCode]:
    return reveal(delivery_id=delivery, by=by, ip="192.0.2.1", now=clock.now(), **more)


def test_every_look_is_written_down_and_audited() -> None:
    (delivery,) = sell()
    (code,) = look(delivery)
    assert (code.number, code.secret, code.expires_on) == ("NUMBER-0", "CANARY-0", None)
    look(delivery)
    assert CodeReveal.objects.count() == 2
    entry = AuditEntry.objects.filter(tag="codes:revealed").first()
    assert entry is not None
    assert entry.after == {"delivery": delivery}
    assert entry.xid > 0
    assert set(
        AuditEntry.objects.filter(tag="codes:revealed").values_list("subject", flat=True)
    ) == set(CodeReveal.objects.values_list("public_id", flat=True))


def test_a_look_is_one_statement_and_prints_nothing() -> None:
    (delivery,) = sell()
    look(delivery)
    with CaptureQueriesContext(connection) as queries:
        (code,) = look(delivery)
    assert len([q for q in queries if "SAVEPOINT" not in (q["sql"] or "")]) == 1
    assert "CANARY" not in repr(code)


@pytest.mark.parametrize("state", ["pending", "revoked"])
def test_what_is_not_delivered_is_not_shown(state: str) -> None:
    (delivery,) = sell()
    if state == "revoked":
        Delivery.objects.update(state="revoked")
    else:
        delivery = "dlv_0000000000000000"
    with pytest.raises(NotRevealable):
        look(delivery)
    assert not CodeReveal.objects.exists()
    assert not AuditEntry.objects.filter(tag="codes:revealed").exists()


def test_staff_look_at_twenty_codes_a_day() -> None:
    (delivery,) = sell()
    for _ in range(STAFF_LOOKS_A_DAY):
        look(delivery, by="user:usr_STAFF", staff=True)
    with pytest.raises(RevealLimited):
        look(delivery, by="user:usr_STAFF", staff=True)
    assert look(delivery, by="user:usr_OTHER", staff=True)
    assert CodeReveal.objects.count() == STAFF_LOOKS_A_DAY + 1


def test_a_sealed_text_opens_in_its_own_row_only() -> None:
    first, _ = sell(2)
    one, two = Code.objects.order_by("pk")
    sealed = bytes(one.sealed)
    Code.objects.filter(pk=one.pk).update(sealed=bytes(two.sealed))
    Code.objects.filter(pk=two.pk).update(sealed=sealed)
    with pytest.raises(CannotUnseal):
        look(first)


@pytest.mark.parametrize("place", [0, 2, 7, 20, -1])
def test_every_flipped_byte_is_noticed(place: int) -> None:
    (delivery,) = sell()
    code = Code.objects.get()
    sealed = bytearray(code.sealed)
    sealed[place] ^= 1
    Code.objects.filter(pk=code.pk).update(sealed=bytes(sealed))
    with pytest.raises(CannotUnseal):
        look(delivery)
