"""Red packets: cut without losing a cent, one share each, and what is left goes back."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import clock
from core.invariants import check_all
from core.models import LimitCount
from orders.models import Coupon, Packet, PacketShare, Reward
from orders.promotions.packet_cut import cut_packet
from orders.queries.points import balance_of
from orders.services.rewards.lapse_packets import lapse_packets
from orders.services.rewards.open_packet import cut_of
from orders.services.rewards.take_share import Opener, PacketOver, ShareRefused, take_share
from risk.models import Assessment
from tests.factories.coupons import coupon_promotion
from tests.factories.rewards import bought, make_packet, make_template


def sound() -> list[str]:
    return [
        str(one)
        for only in ("INV-PK", "INV-RW", "INV-P")
        for one in check_all(now=clock.now(), grace=0, only=only)
    ]


@given(st.integers(1, 100), st.integers(0, 1_000_000), st.binary(min_size=32, max_size=32))
def test_shares_sum_to_the_packet_and_none_is_empty(shares: int, more: int, seed: bytes) -> None:
    cut = cut_packet(shares + more, shares, seed=seed)
    assert (len(cut), sum(cut)) == (shares, shares + more)
    assert min(cut) >= 1
    assert cut == cut_packet(shares + more, shares, seed=seed)


def test_another_seed_cuts_another_way() -> None:
    cuts = {tuple(cut_packet(1000, 10, seed=bytes([n] * 32))) for n in range(20)}
    assert len(cuts) == 20


@pytest.mark.parametrize(
    ("total", "shares", "seed"), [(9, 10, b"x" * 32), (5, 0, b"x" * 32), (5, 1, b"x")]
)
def test_what_cannot_be_cut_is_refused(total: int, shares: int, seed: bytes) -> None:
    with pytest.raises(ValueError, match="a packet has"):
        cut_packet(total, shares, seed=seed)


def opened(packet: Packet, user: str, **more: Any) -> PacketShare:
    return take_share(packet=packet.public_id, by=Opener(user, **more), now=clock.now())


def used(packet: Packet, budget: str) -> int:
    key = f"reward:{packet.template.public_id}:{budget}"
    return LimitCount.objects.get(key=key).used


@pytest.mark.django_db
class TestPackets:
    def test_a_delivered_order_gives_one_packet_once(self) -> None:
        make_template(a_day=5, minimum_minor=1000)
        order = bought("usr_ANN")
        packet = Packet.objects.get(order=order)
        assert sum(packet.shares.values_list("points", flat=True)) == 100
        assert list(packet.shares.order_by("number").values_list("points", flat=True)) == cut_of(
            packet
        )
        bought("usr_ANN", price_minor=990)
        bought("")
        assert Packet.objects.count() == 1
        assert sound() == []

    def test_everybody_opens_one_share_and_gets_it_at_once(self) -> None:
        packet = make_packet(points=10, shares=2)
        first = opened(packet, "usr_BEN")
        assert opened(packet, "usr_BEN").pk == first.pk
        second = opened(packet, "usr_ANN")
        assert balance_of("usr_BEN") + balance_of("usr_ANN") == 10
        assert first.points + second.points == 10
        with pytest.raises(PacketOver):
            opened(packet, "usr_CID")
        packet.refresh_from_db()
        assert packet.state == "over"
        assert sound() == []

    def test_what_nobody_opened_goes_back_to_the_budget(self) -> None:
        packet = make_packet(most_points=150)
        share = opened(packet, "usr_BEN")
        assert used(packet, "points") == 100
        # There are 50 points left: no second packet.
        bought("usr_CID")
        assert Packet.objects.count() == 1
        assert lapse_packets(now=packet.ends_at - timedelta(seconds=1)) == 0
        assert lapse_packets(now=packet.ends_at) == 1
        assert lapse_packets(now=packet.ends_at) == 0
        assert used(packet, "points") == share.points
        with pytest.raises(PacketOver):
            opened(packet, "usr_EVE")
        assert sound() == []

    def test_coupons_are_shared_too(self) -> None:
        packet = make_packet(
            kind="coupon", points=0, coupon=coupon_promotion(), worth_minor=500, shares=3
        )
        opened(packet, "usr_BEN")
        assert Coupon.objects.get().owner == "usr_BEN"
        assert used(packet, "minor") == 1500
        lapse_packets(now=packet.ends_at)
        assert used(packet, "minor") == 500
        assert sound() == []

    def test_one_a_day(self) -> None:
        make_packet()
        bought("usr_ANN")
        assert Packet.objects.count() == 1

    def test_two_accounts_in_one_browser_are_one_person(self) -> None:
        packet = make_packet()
        opened(packet, "usr_BEN", device="browser-1")
        with pytest.raises(ShareRefused) as stopped:
            opened(packet, "usr_EVE", device="browser-1")
        assert stopped.value.assessment.message
        assert Assessment.objects.filter(point="reward", verdict="refuse").count() == 1
        assert Reward.objects.count() == 1

    def test_nor_does_the_buyers_second_account_get_any(self) -> None:
        packet = make_packet()
        opened(packet, "usr_ANN", device="browser-1")
        with pytest.raises(ShareRefused):
            opened(packet, "usr_EVE", device="browser-1")
        assert sound() == []
