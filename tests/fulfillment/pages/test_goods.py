"""What shoppers see of their goods, and what strangers do not."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from core import clock, tx
from core.ids import new_id
from fulfillment.access import PROOFS, Proof
from fulfillment.models import CodeReveal, Delivery, Entitlement
from fulfillment.queries.deliveries import deliveries_of
from fulfillment.services.hold import HoldLine, hold
from fulfillment.services.open_deliveries import open_deliveries
from fulfillment.units import OpenLine
from tests.factories.accounts import make_user
from tests.factories.fulfillment import make_stock

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def owner(client: Client) -> Client:
    """A browser signed in as somebody who owns two codes."""
    client.user = make_user(email="owner@example.com")  # type: ignore[attr-defined]
    client.force_login(client.user)  # type: ignore[attr-defined]
    return client


def buy(owner: str, units: int = 2) -> str:
    sku, reference, now = make_stock(units), new_id("ord"), clock.now()
    with tx.step():
        until = now + timedelta(minutes=15)
        hold(
            reference=reference,
            lines=[HoldLine("l1", sku.pk, units)],
            until=until,
            channel="main",
            now=now,
        )
        open_deliveries(
            reference=reference, owner=owner or None, channel="main",
            lines=[OpenLine("l1", sku.pk, units)], now=now,
        )  # fmt: skip
    return reference


def test_goods_of_a_reference_in_one_statement(
    django_assert_num_queries: object,
) -> None:
    reference = buy("usr_X")
    deliveries_of(reference)
    with django_assert_num_queries(1):  # type: ignore[operator]
        first, second = deliveries_of(reference, language="en")
    assert (first.units, second.unit, first.kind, first.state) == (2, 2, "pool", "delivered")
    assert first.can_reveal
    assert first.codes is None


@pytest.mark.parametrize("join", ["hashjoin", "mergejoin", "nestloop"])
def test_units_lie_in_their_order_however_the_database_joins(join: str) -> None:
    with connection.cursor() as cursor:
        for other in {"hashjoin", "mergejoin", "nestloop"} - {join}:
            cursor.execute(f"set local enable_{other} = off")
    reference = buy("usr_X", 12)
    assert [row.unit for row in deliveries_of(reference)] == list(range(1, 13))
    things = Entitlement.objects.filter(reference=reference).order_by("id")
    assert [thing.delivery.unit for thing in things] == list(range(1, 13))


def test_the_owner_sees_the_fragment_without_any_code(owner: Client) -> None:
    reference = buy(owner.user.public_id)  # type: ignore[attr-defined]
    answer = owner.get(f"/deliveries/{reference}/")
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.content.count(b"/reveal/") >= 2
    assert b"SECRET-" not in answer.content


def test_a_reveal_shows_notes_and_audits(owner: Client) -> None:
    reference = buy(owner.user.public_id, 1)  # type: ignore[attr-defined]
    unit = Delivery.objects.get(reference=reference)
    answer = owner.post(f"/deliveries/{unit.public_id}/reveal/", headers=HTMX)
    assert answer.status_code == 200
    assert b"SECRET-" in answer.content
    assert "no-store" in answer.headers["Cache-Control"]
    look = CodeReveal.objects.get(delivery=unit)
    assert look.by == owner.user.acting  # type: ignore[attr-defined]
    whole = owner.post(f"/deliveries/{unit.public_id}/reveal/")
    assert b"SECRET-" in whole.content
    assert b"<html" in whole.content


@pytest.mark.parametrize("signed_in", [False, True])
def test_strangers_find_nothing(owner: Client, signed_in: bool) -> None:
    reference = buy(owner.user.public_id, 1)  # type: ignore[attr-defined]
    unit = Delivery.objects.get(reference=reference)
    thing = Entitlement.objects.get(reference=reference)
    stranger = Client()
    if signed_in:
        stranger.force_login(make_user(email="stranger@example.com"))
    assert stranger.get(f"/deliveries/{reference}/").status_code == 404
    assert stranger.post(f"/deliveries/{unit.public_id}/reveal/").status_code == 404
    assert stranger.get(f"/wallet/{thing.public_id}/").status_code == (404 if signed_in else 302)
    assert not CodeReveal.objects.exists()


def test_a_guests_goods_have_no_owner_to_be(client: Client) -> None:
    """An empty owner is nobody, not anybody."""
    reference = buy("", 1)
    client.force_login(make_user(email="x@example.com"))
    assert client.get(f"/deliveries/{reference}/").status_code == 404


def test_a_proof_from_above_opens_and_a_stale_one_hides_codes(client: Client) -> None:
    reference = buy("", 1)
    unit = Delivery.objects.get(reference=reference)
    fresh = [True]
    PROOFS.register(
        "test", lambda _r, asked: Proof("guest", fresh[0]) if asked == reference else None
    )
    try:
        assert client.get(f"/deliveries/{reference}/").status_code == 200
        fresh[0] = False
        hidden = client.post(f"/deliveries/{unit.public_id}/reveal/")
        assert hidden.status_code == 429
        assert b"SECRET-" not in hidden.content
    finally:
        PROOFS._entries.pop("test")


@pytest.mark.parametrize("method", ["get", "put"])
def test_a_reveal_is_a_post(owner: Client, method: str) -> None:
    reference = buy(owner.user.public_id, 1)  # type: ignore[attr-defined]
    unit = Delivery.objects.get(reference=reference)
    assert getattr(owner, method)(f"/deliveries/{unit.public_id}/reveal/").status_code == 405


@pytest.mark.parametrize("guess", ["ord_0000000000000000", "dlv_x", "../../etc", "ord_" + "I" * 16])
def test_guessed_ids_are_nothing(owner: Client, guess: str) -> None:
    assert owner.get(f"/deliveries/{guess}/").status_code == 404
    assert owner.post(f"/deliveries/{guess}/reveal/").status_code == 404
    assert owner.get(f"/wallet/{guess}/").status_code == 404


def test_the_wallet_sorts_what_is_owned(owner: Client) -> None:
    reference = buy(owner.user.public_id, 3)  # type: ignore[attr-defined]
    first, second, third = Entitlement.objects.filter(reference=reference).order_by("id")
    now = timezone.now()
    Entitlement.objects.filter(pk=first.pk).update(valid_until=now + timedelta(days=3))
    Entitlement.objects.filter(pk=second.pk).update(valid_until=now - timedelta(days=1))

    def shown(show: str) -> set[str]:
        page = owner.get(f"/wallet/?show={show}").context["page"]
        return {one.id for one in page.object_list}

    assert shown("usable") == {first.public_id, third.public_id}
    assert shown("expiring") == {first.public_id}
    assert (shown("expired"), shown("used")) == ({second.public_id}, set())
    assert len(shown("all")) == 3
    assert shown("nonsense") == shown("usable")
    tabs = {tab["key"]: tab["count"] for tab in owner.get("/wallet/").context["tabs"]}
    assert tabs == {
        "usable": 2, "unused": 2, "active": 0, "expiring": 1, "used": 0, "expired": 1, "given": 0,
        "all": 3,
    }  # fmt: skip


def test_one_thing_has_its_history_and_no_code(owner: Client) -> None:
    reference = buy(owner.user.public_id, 1)  # type: ignore[attr-defined]
    unit, thing = Delivery.objects.get(reference=reference), Entitlement.objects.get()
    owner.post(f"/deliveries/{unit.public_id}/reveal/", headers=HTMX)
    answer = owner.get(f"/wallet/{thing.public_id}/")
    assert answer.status_code == 200
    assert len(answer.context["history"]) == 2
    assert answer.context["w"].number_hint
    assert b"SECRET-" not in answer.content


def test_the_wallet_is_for_people(client: Client) -> None:
    assert client.get("/wallet/").status_code == 302
