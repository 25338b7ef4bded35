"""Codes with an outside channel: exported by two persons, reported sold, or taken back."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from core import approvals, clock
from core.crypto import ensure_data_key, forget_keys
from core.invariants import check_all
from fulfillment.invariants import SHARES, VAULT
from fulfillment.models import Code, ConsignedUnit, Consignment, Delivery
from fulfillment.services.pool.export_codes import request_export
from fulfillment.services.pool.report_outside_sales import OutsideSale, report_outside_sales
from fulfillment.services.pool.restore_codes import restore_codes
from fulfillment.services.pool.take_back_units import take_back_units
from tests.factories.accounts import make_staff
from tests.factories.fulfillment import make_stock

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture(autouse=True)
def _vault(committed: None, settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.STATE_DIR = tmp_path
    forget_keys()
    ensure_data_key()
    yield
    known = {**VAULT, **SHARES}
    assert [str(v) for v in check_all(now=clock.now()) if v.invariant.id in known] == []
    forget_keys()


def consigned(units: int = 4) -> Consignment:
    """A batch whose codes an outside channel has, agreed to by a second person."""
    make_stock(units)
    maker, checker = make_staff("operator"), make_staff("owner")
    batch = Code.objects.select_related("batch").all()[0].batch
    asked = request_export(
        batch_id=batch.public_id, rows=units, by=maker.public_id, reason="live", now=clock.now(),
        channel="douyin",
    )  # fmt: skip
    approvals.decide(
        approval_id=asked.public_id, by=checker.public_id, agree=True, now=clock.now(), note=""
    )
    return Consignment.objects.get()


def numbers() -> list[str]:
    from fulfillment.services.reveal import open_code

    return sorted(open_code(c.pk, c.sealed, c.expires_on).number for c in Code.objects.all())


def report(made: Consignment, *sales: tuple[str, str]) -> list[str]:
    return report_outside_sales(
        consignment_id=made.public_id, by="user:usr_OP", now=clock.now(),
        sales=[OutsideSale(*sale) for sale in sales],
    )  # fmt: skip


def states() -> dict[str, int]:
    found: dict[str, int] = {}
    for state in Code.objects.values_list("state", flat=True):
        found[state] = found.get(state, 0) + 1
    return found


def test_what_an_outside_channel_has_is_in_nobody_elses_pool() -> None:
    made = consigned()
    assert (made.channel, made.units.count()) == ("douyin", 4)
    assert states() == {"consigned": 4}


def test_a_report_books_each_code_once_under_its_own_order() -> None:
    made = consigned()
    one, two, three, _ = numbers()
    assert report(made, (one, "DY1"), (two, "DY2"), ("999", "DY3"), (three, " ")) == [
        "sold", "sold", "unknown", "malformed",
    ]  # fmt: skip
    assert report(made, (one, "DY1"), (two, "DY9")) == ["repeated", "other_order"]
    assert states() == {"sold": 2, "consigned": 2}
    references = Delivery.objects.order_by("reference").values_list("reference", "channel", "state")
    assert list(references) == [
        ("out:douyin:DY1", "douyin", "delivered"), ("out:douyin:DY2", "douyin", "delivered"),
    ]  # fmt: skip


def test_what_comes_back_is_looked_at_before_it_is_sold_again() -> None:
    made = consigned()
    one, two, *_ = numbers()
    report(made, (one, "DY1"))
    back: dict[str, Any] = {
        "consignment_id": made.public_id,
        "by": "user:usr_OP",
        "why": "over",
        "now": clock.now(),
    }
    assert take_back_units(**back, numbers=[one, two, "77"]) == 1
    assert take_back_units(**back, numbers=None) == 2
    assert take_back_units(**back, numbers=None) == 0
    assert states() == {"sold": 1, "quarantined": 3}
    assert report(made, (two, "DY2")) == ["returned"]
    ids = Code.objects.filter(state="quarantined").values_list("pk", flat=True)
    restore_codes(code_ids=list(ids), by="user:usr_OP", why="fine", now=clock.now())
    assert states() == {"sold": 1, "available": 3}


def test_the_pages_book_and_take_back_and_refuse_strangers() -> None:
    made = consigned()
    one, two, *_ = numbers()
    client = Client()
    client.force_login(make_staff("operator"))
    sold = reverse("admin:fulfillment_consignment_act", args=[made.pk, "sold"])
    assert client.post(sold, {"rows": f"{one}\tDY1\n{two},DY2\n\nx"}).status_code == 302
    assert ConsignedUnit.objects.filter(state="sold").count() == 2
    back = reverse("admin:fulfillment_consignment_act", args=[made.pk, "return"])
    assert client.post(back, {"numbers": "", "why": "over"}).status_code == 302
    assert client.post(back, {"numbers": "", "why": "again"}).status_code == 200
    page = client.get(reverse("admin:fulfillment_consignment_change", args=[made.pk]))
    text = page.content.decode()
    assert "DY1" in text
    assert one not in text
    stranger = Client()
    stranger.force_login(make_staff("support"))
    assert stranger.post(sold, {"rows": f"{one},DY1"}).status_code == 403
