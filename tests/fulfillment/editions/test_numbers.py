"""A piece of an edition is kept, sold and numbered once; none beyond its size, none lost on the way."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from core import clock
from core.tx import step
from fulfillment.models import Certificate, Edition, EditionPlace, Entitlement
from fulfillment.services.editions.save_edition import Hindrance, NotSaved, save_edition
from fulfillment.services.hold import SoldOut, hold
from fulfillment.services.open_deliveries import open_deliveries
from fulfillment.services.release import release
from fulfillment.services.wallet.attach_owner import attach_owner
from fulfillment.services.wallet.keep_claimed import keep_claimed
from fulfillment.units import HoldLine, OpenLine
from tests.factories.editions import keep, make_edition, pay, sell
from tests.factories.fulfillment import make_goods, make_stock
from tests.factories.redemption import make_voucher_sku, sell_voucher
from tests.factories.wallet import claim, given

pytestmark = pytest.mark.django_db


def numbers(edition: Edition) -> list[int]:
    rows = Certificate.objects.filter(edition=edition).order_by("number")
    return list(rows.values_list("number", flat=True))


def free(edition: Edition) -> int:
    return EditionPlace.objects.filter(edition=edition, sold_at=None, held_by="").count()


def whats(certificate: Certificate) -> list[str]:
    return list(certificate.links.order_by("number").values_list("what", flat=True))


def test_units_are_numbered_in_the_order_of_their_sale() -> None:
    edition = make_edition(5)
    first, last = keep(edition), keep(edition, 2)
    pay(edition, last, 2)
    pay(edition, first)
    assert numbers(edition) == [1, 2, 3]
    of_last = Certificate.objects.filter(entitlement__reference=last)
    assert sorted(of_last.values_list("number", flat=True)) == [1, 2]
    edition.refresh_from_db()
    assert (edition.issued, free(edition)) == (3, 2)


def test_nothing_is_promised_beyond_the_size() -> None:
    edition = make_edition(2)
    keep(edition, 2)
    with pytest.raises(SoldOut) as refused:
        keep(edition)
    assert refused.value.sku_ids == (edition.sku_id,)


def test_a_hold_that_lapsed_is_for_the_next_and_its_late_payer_waits() -> None:
    edition = make_edition(1)
    late = keep(edition, now=clock.now() - timedelta(hours=1))
    soon = keep(edition)
    assert pay(edition, late).short == (edition.sku_id,)
    assert pay(edition, soon).delivered
    assert numbers(edition) == [1]


def test_a_late_payer_gets_what_nobody_has_taken() -> None:
    edition = make_edition(1)
    late = keep(edition, now=clock.now() - timedelta(hours=1))
    assert pay(edition, late).delivered


def test_a_closed_order_gives_its_pieces_back() -> None:
    edition = make_edition(2)
    reference = keep(edition, 2)
    with step():
        release(reference=reference, now=clock.now(), why="expired")
    assert free(edition) == 2


def test_an_order_short_of_something_else_keeps_no_piece() -> None:
    edition, pool, now = make_edition(2), make_stock(1), clock.now()
    lines = [HoldLine("l1", edition.sku_id, 1), HoldLine("l2", pool.pk, 2)]
    with step(), pytest.raises(SoldOut):
        hold(
            reference="ord_X", lines=lines, until=now + timedelta(hours=1), channel="main", now=now
        )
    assert free(edition) == 2


def test_a_paid_order_short_of_something_else_keeps_its_piece_while_it_waits() -> None:
    edition, pool = make_edition(1), make_stock(1)
    reference = keep(edition)
    lines = [OpenLine("l1", edition.sku_id, 1), OpenLine("l2", pool.pk, 2)]
    with step():
        opened = open_deliveries(
            reference=reference, owner=None, channel="main", lines=lines, now=clock.now()
        )
    assert opened.short == (pool.pk,)
    assert not Certificate.objects.exists()
    with pytest.raises(SoldOut):
        keep(edition)


def test_opening_twice_numbers_once() -> None:
    edition = make_edition(3)
    reference = keep(edition)
    pay(edition, reference)
    again = pay(edition, reference)
    assert (len(again.delivered), numbers(edition), free(edition)) == (1, [1], 2)


def test_a_sale_that_is_rolled_back_leaves_no_gap() -> None:
    edition = make_edition(3)
    reference = keep(edition)

    @step()
    def sell_and_fail() -> None:
        open_deliveries(
            reference=reference, owner=None, channel="main",
            lines=[OpenLine("l1", edition.sku_id, 1)], now=clock.now(),
        )  # fmt: skip
        assert numbers(edition) == [1]
        raise ConnectionError

    with pytest.raises(ConnectionError):
        sell_and_fail()
    assert numbers(edition) == []
    sell(edition)
    pay(edition, reference)
    assert numbers(edition) == [1, 2]


def test_the_size_is_fixed_once_the_first_is_sold() -> None:
    edition = make_edition(3)
    for size in (5, 2):
        make_edition(size, sku=edition.sku)
        assert (Edition.objects.get().size, free(edition)) == (size, size)
    sell(edition)
    with pytest.raises(NotSaved) as refused:
        make_edition(9, sku=edition.sku)
    assert refused.value.why == Hindrance.FIXED
    with pytest.raises(DatabaseError), transaction.atomic():
        Edition.objects.update(size=9)


def test_a_piece_that_somebody_is_about_to_buy_stays() -> None:
    edition = make_edition(2)
    keep(edition, 2)
    with pytest.raises(NotSaved) as refused:
        make_edition(1, sku=edition.sku)
    assert refused.value.why == Hindrance.KEPT


@pytest.mark.parametrize("size", [0, -1, 100_001])
def test_sizes_have_bounds(size: int) -> None:
    sku = make_voucher_sku()
    with step(), pytest.raises(NotSaved):
        save_edition(sku_id=sku.pk, size=size, by="x", now=clock.now())


def test_what_cannot_be_numbered_is_refused() -> None:
    with pytest.raises(NotSaved) as codes:
        make_edition(sku=make_goods())
    sold = make_voucher_sku()
    sell_voucher(sold)
    with pytest.raises(NotSaved) as before:
        make_edition(sku=sold)
    assert (codes.value.why, before.value.why) == (Hindrance.KIND, Hindrance.SOLD)


def test_hands_it_goes_through_are_links() -> None:
    edition = make_edition()
    (certificate,) = sell(edition, owner="usr_A")
    claimed = claim(given(certificate.entitlement))
    keep_claimed(
        entitlement=claimed.entitlement.public_id, token=claimed.token, owner="usr_B",
        by="user:usr_B", now=clock.now(),
    )  # fmt: skip
    assert whats(certificate) == ["issued", "given", "kept"]


def test_a_guests_order_that_joins_an_account_is_a_link() -> None:
    edition = make_edition()
    (certificate,) = sell(edition, owner="")
    with step():
        reference = certificate.entitlement.reference
        assert attach_owner(reference=reference, owner="usr_A", now=clock.now()) == 1
        assert attach_owner(reference=reference, owner="usr_B", now=clock.now()) == 0
    assert whats(certificate) == ["issued", "kept"]
    assert Entitlement.objects.get().owner == "usr_A"
