"""Points and balances as what a prize or a code gives: once, to an account, whatever dies on the way."""

import pytest

from core import clock
from core.invariants import check_all
from orders.models import Award, PointsLot
from orders.prizes import PRIZES
from orders.queries.balance import balance_of
from orders.queries.points import balance_of as points_of
from orders.services.balance.give_balance import give_balance
from orders.services.lotteries.hand_over import gift_of_award, gift_of_exchange, hand_over
from orders.services.lotteries.open_lottery import CannotOpen
from orders.services.points.give_points import give_points
from tests.factories.accounts import make_user
from tests.factories.balance import make_cards
from tests.factories.exchange import made, make_batch, redeem, texts
from tests.factories.lotteries import drawn, give_chances, make_lottery, opened, player

pytestmark = pytest.mark.django_db


def sound() -> list[str]:
    now = clock.now()
    families = ("INV-TN", "INV-PO", "INV-EX", "INV-LO")
    return [str(one) for only in families for one in check_all(now=now, grace=0, only=only)]


def test_points_are_a_prize_that_is_won_once() -> None:
    row, user = opened(make_lottery({"odds": 100, "kind": "points", "amount": 88})), player()
    give_chances(row, user)
    drawn(row, user)
    gift = gift_of_award(Award.objects.get())
    # Died after giving, before saying so: the queue row gives it again, and it is there once.
    assert give_points(gift=gift, now=clock.now()) == user.public_id
    assert hand_over(now=clock.now()) == 1
    award, lot = Award.objects.get(), PointsLot.objects.get()
    assert (award.state, award.result) == ("done", user.public_id)
    assert (points_of(user.public_id), lot.kind, lot.subject) == (88, "gift", award.public_id)
    assert lot.expires_at is not None
    assert sound() == []


def test_too_many_points_and_a_balance_are_no_prizes() -> None:
    for prize in ({"kind": "points", "amount": 1_000_001}, {"kind": "balance", "amount": 100}):
        with pytest.raises(CannotOpen):
            opened(make_lottery({"odds": 100, **prize}))
    assert PRIZES.get("balance").codes_only


def test_a_code_gives_points() -> None:
    ann = make_user(email="ann@example.com")
    batch = made(make_batch(1, kind="points", amount=300, cost_minor=300))
    done = redeem(texts(batch)[0], owner=ann.public_id, user_id=ann.pk)
    assert (done.state, points_of(ann.public_id)) == ("done", 300)
    assert sound() == []


def test_a_card_whose_giver_died_is_on_the_balance_once() -> None:
    ann = make_user(email="ann@example.com")
    done = redeem(texts(made(make_cards(1)))[0], owner=ann.public_id, user_id=ann.pk)
    for _ in range(2):
        give_balance(gift=gift_of_exchange(done), now=clock.now())
    assert balance_of(ann.public_id) == 10_000
    assert sound() == []
