"""Many hands at one thing: a link works once, and a code is either given or seen."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connections, transaction

from catalog import snapshot
from core import clock, ledger
from core.crypto import ensure_data_key, forget_keys
from core.faults import without
from core.invariants import check_all
from core.tx import step
from fulfillment.models import CodeReveal, Entitlement, Gift, OwnershipChange
from fulfillment.services import reveal as door
from fulfillment.services.reveal import NotRevealable, reveal
from fulfillment.services.revoke_delivery import PassedOn, revoke_refunded
from fulfillment.services.wallet.activate import Bearer, NotActivated, activate
from fulfillment.services.wallet.claim_gift import NotClaimed
from fulfillment.services.wallet.end_gift import take_back_gift
from fulfillment.services.wallet.give import Given, NotGiven
from fulfillment.services.wallet.remind_owners import remind_owners
from fulfillment.services.wallet.reveal_links import LinkOver, open_reveal_link
from fulfillment.services.wallet.set_activation_terms import set_activation_terms
from tests.factories.fulfillment import make_stock
from tests.factories.wallet import buy, buy_one, claim, given
from tests.fulfillment.wallet.test_links import sent
from tests.races.crowd import comes_up, crowd

pytestmark = pytest.mark.usefixtures("committed")
AT_ONCE = 16
UNTIL_THEY_WAIT = 0.6


@pytest.fixture(autouse=True)
def _fresh(committed: None) -> Iterator[None]:
    for forget in (snapshot.forget, ledger.forget_accounts, forget_keys, clock.forget):
        forget()
    ensure_data_key()
    yield
    for forget in (snapshot.forget, ledger.forget_accounts, forget_keys):
        forget()


def healthy() -> list[str]:
    return [str(found) for found in check_all(now=clock.now(), only="INV-")]


def tried(work: Callable[[], object], *refusals: type[Exception]) -> str:
    """What became of one of many: done, refused, or the database's own refusal."""
    try:
        work()
    except refusals:
        return "refused"
    except Exception as error:  # noqa: BLE001  a negative control may end at a constraint
        return type(error).__name__
    return "done"


def all_at_once(works: list[Callable[[], object]], *refusals: type[Exception]) -> list[str]:
    found: list[str] = []
    lock = threading.Lock()

    def one(work: Callable[[], object]) -> None:
        outcome = tried(work, *refusals)
        with lock:
            found.append(outcome)

    crowd(one, works, threads=AT_ONCE)
    return found


def claims(gift: Given) -> list[Callable[[], object]]:
    # Half of them are accounts, half guests.
    names = [f"usr_{n}" if n % 2 else "" for n in range(AT_ONCE)]
    return [lambda name=name: claim(gift, name) for name in names]  # type: ignore[misc]


def test_a_link_works_once() -> None:
    row = buy_one("usr_GIVER")
    found = all_at_once(claims(given(row)), NotClaimed)
    assert sorted(set(found)) == ["done", "refused"]
    assert found.count("done") == 1
    row.refresh_from_db()
    assert (row.moves, OwnershipChange.objects.count()) == (1, 1)
    assert healthy() == []


def test_without_its_guard_a_link_works_more_than_once() -> None:
    row = buy_one("usr_GIVER")
    gift = given(row)
    with without("wallet.gift_once"):
        found = all_at_once(claims(gift), NotClaimed)
    assert found.count("done") > 1
    assert {v.invariant.id for v in check_all(now=clock.now(), only="INV-W")}


def test_without_lock_and_guard_the_chain_of_owners_is_the_last_fence() -> None:

    def two_meet_at_the_fence() -> bool:
        row = buy_one("usr_GIVER")
        found = all_at_once(claims(given(row)), NotClaimed)
        assert OwnershipChange.objects.filter(entitlement=row).count() == found.count("done")
        return "IntegrityError" in found

    with without("wallet.gift_once"), without("wallet.lock"):
        assert comes_up(two_meet_at_the_fence)


def test_taken_back_or_accepted_never_both() -> None:
    rows = buy("usr_GIVER", 8)
    gifts = [given(row) for row in rows]

    def take_back(gift: Given) -> None:
        if not take_back_gift(gift=gift.gift.public_id, by="user:usr_GIVER", now=clock.now()):
            raise NotClaimed  # type: ignore[call-arg]

    works: list[Callable[[], object]] = []
    for gift in gifts:
        works.append(lambda gift=gift: claim(gift, "usr_FRIEND"))  # type: ignore[misc]
        works.append(lambda gift=gift: tried(lambda: take_back(gift), Exception))  # type: ignore[misc]
    all_at_once(works, NotClaimed)
    states = dict(Gift.objects.values_list("entitlement_id", "state"))
    assert set(states.values()) <= {"claimed", "taken_back"}
    for row in Entitlement.objects.all():
        assert (row.owner == "usr_FRIEND") == (states[row.pk] == "claimed")
        assert row.given_at is None
    assert healthy() == []


def look(row: Entitlement) -> object:
    return reveal(
        delivery_id=row.delivery.public_id, by="user:usr_GIVER", ip="192.0.2.1", now=clock.now()
    )


def test_a_code_is_either_seen_or_given() -> None:
    rows = buy("usr_GIVER", 16)
    works: list[Callable[[], object]] = []
    for row in rows:
        works += [lambda row=row: given(row), lambda row=row: look(row)]  # type: ignore[misc]
    found = all_at_once(works, NotGiven, NotRevealable)
    assert (found.count("done"), found.count("refused")) == (16, 16)
    looked = set(CodeReveal.objects.values_list("delivery_id", flat=True))
    given_away = set(Gift.objects.values_list("entitlement__delivery_id", flat=True))
    assert looked.isdisjoint(given_away)
    assert looked | given_away == {row.delivery_id for row in rows}
    assert healthy() == []


def spawn(work: Callable[[], object], into: list[str], *refusals: type[Exception]) -> Any:
    def run() -> None:
        into.append(tried(work, *refusals))
        connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def give_during_a_look(row: Entitlement) -> str:
    """A look that has not committed yet, and a gift that wants the same thing."""
    found: list[str] = []
    with transaction.atomic():
        door._look(row.delivery.public_id, "user:usr_GIVER", "", clock.now(), moves=0)
        thread = spawn(lambda: given(row), found, NotGiven)
        time.sleep(UNTIL_THEY_WAIT)
    thread.join()
    return found[0]


def test_a_gift_waits_for_a_look_that_is_on_its_way() -> None:
    assert give_during_a_look(buy_one("usr_GIVER")) == "refused"


def test_without_its_lock_a_gift_overtakes_the_look() -> None:
    with without("wallet.lock"), without("wallet.veil"):
        assert give_during_a_look(buy_one("usr_GIVER")) == "done"
    assert "INV-W5" in {v.invariant.id for v in check_all(now=clock.now(), only="INV-W")}


def test_accepted_or_refunded_never_both() -> None:
    rows = buy("usr_GIVER", 8)
    gifts = [given(row) for row in rows]
    works: list[Callable[[], object]] = []
    for row, gift in zip(rows, gifts, strict=True):

        def refund(row: Entitlement = row) -> None:
            with transaction.atomic(durable=True):
                revoke_refunded(
                    delivery=row.delivery.public_id, approval="apr_X", by="user:usr_F",
                    now=clock.now(),
                )  # fmt: skip

        works += [lambda gift=gift: claim(gift, "usr_FRIEND"), refund]  # type: ignore[misc]
    found = all_at_once(works, NotClaimed, PassedOn)
    assert (found.count("done"), found.count("refused")) == (8, 8)
    for row in Entitlement.objects.all():
        assert (row.owner == "usr_FRIEND") == (row.state == "issued")
    assert healthy() == []


def devices(row: Entitlement, most: int) -> list[str]:
    def press(n: int) -> object:
        bearer = Bearer("user:usr_OWNER", "192.0.2.1", device=f"device-{n:02d}" + "x" * 12)
        return activate(entitlement=row.public_id, bearer=bearer, moves=0, now=clock.now())

    return all_at_once([lambda n=n: press(n) for n in range(most)], NotActivated)  # type: ignore[misc]


def bound_to_device(activations: int) -> Entitlement:
    sku = make_stock(1)
    with step():
        set_activation_terms(
            sku_id=sku.pk, binding="device", activations=activations, by="x", now=clock.now()
        )
    return buy_one("usr_OWNER", sku=sku)


def test_so_many_devices_and_no_more() -> None:
    row = bound_to_device(3)
    found = devices(row, AT_ONCE)
    assert (found.count("done"), found.count("refused")) == (3, AT_ONCE - 3)
    assert row.bindings.count() == 3
    assert healthy() == []


def test_without_their_guard_there_are_more() -> None:
    row = bound_to_device(3)
    with without("wallet.activations"):
        devices(row, AT_ONCE)
    assert row.bindings.count() > 3


def opening(link: Any, token: str) -> list[str]:
    def work() -> object:
        return open_reveal_link(link=link.public_id, token=token, ip="192.0.2.1", now=clock.now())

    return all_at_once([work] * AT_ONCE, LinkOver)


def test_a_code_link_shows_once() -> None:
    found = opening(*sent(buy_one("usr_OWNER")))
    assert (found.count("done"), CodeReveal.objects.count()) == (1, 1)


def test_without_its_guard_it_shows_more_than_once() -> None:
    with without("wallet.link_once"):
        found = opening(*sent(buy_one("usr_OWNER")))
    assert found.count("done") > 1


def test_a_reminder_is_written_once_by_many_sweepers() -> None:
    from datetime import timedelta

    from accounts.models import Message
    from tests.factories.accounts import make_user

    person = make_user(email="lin@example.com")
    buy(person.public_id, 4)
    now = clock.now()
    Entitlement.objects.update(
        valid_until=now + timedelta(days=6.5), created_at=now - timedelta(days=30)
    )
    all_at_once([lambda: remind_owners(now=now)] * 8)
    assert Message.objects.count() == 1
