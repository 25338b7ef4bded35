"""Codes that are known to whom they should not be: by code on the trace page, by batch as alerts (R9)."""

from datetime import timedelta

import pytest
from django.test import Client

from core import approvals, audit, clock
from core.models import AuditEntry
from core.tx import step
from fulfillment.models import Alert, Code, CodeReveal, Entitlement
from fulfillment.queries.dossiers import dossiers
from fulfillment.queries.leaks import MANY_LOOKS, Signs, signs_of
from fulfillment.redemption import RedeemRefused
from fulfillment.services.pool.replace_code import request_replacement
from fulfillment.services.redeeming.redeem import redeem
from fulfillment.services.reveal import reveal
from fulfillment.services.suppliers.watch_alerts import watch_alerts
from tests.factories.accounts import make_staff
from tests.factories.fulfillment import make_goods, make_stock
from tests.factories.redemption import make_clerk, make_store
from tests.factories.wallet import buy, buy_one

pytestmark = pytest.mark.usefixtures("committed")
KINDS = ("leaked", "shared", "dead", "staff_looks")
TRACE = "/admin/fulfillment/delivery/trace/"


def text_of(code: Code) -> str:
    """Number and secret in clear, past the audited door: for tests only."""
    from fulfillment.services.reveal import open_code

    opened = open_code(code.pk, code.sealed, code.expires_on)
    return f"{opened.number} {opened.secret}"


def look(owned: Entitlement, by: str = "guest", ip: str = "192.0.2.1") -> None:
    reveal(delivery_id=owned.delivery.public_id, by=by, ip=ip, now=clock.now())


def alerts() -> dict[str, dict[str, object]]:
    watch_alerts(now=clock.now())
    rows = Alert.objects.filter(closed_at=None, kind__in=KINDS).order_by("kind")
    return {row.kind: row.facts for row in rows}


def replace(owned: Entitlement) -> None:
    asker, checker = make_staff("support"), make_staff("operator")
    asked = request_replacement(
        delivery_id=owned.delivery.public_id, by=asker.acting, why="dead", now=clock.now()
    )
    approvals.decide(approval_id=asked.public_id, by=checker.public_id, agree=True, now=clock.now())


def leak(code: Code) -> None:
    clerk = make_clerk(make_store())
    with pytest.raises(RedeemRefused):
        redeem(code=text_of(code), clerk=clerk, nonce="n1", ip="192.0.2.9", now=clock.now())


def test_everyday_looks_are_no_sign() -> None:
    owned = buy("usr_A", 4)
    for number, one in enumerate(owned):
        look(one, by="user:usr_A", ip=f"192.0.2.{number % 2}")
        look(one, by="user:usr_A", ip="192.0.2.7")
    assert alerts() == {}
    (found,) = signs_of(now=clock.now())
    assert (found.opened, found.shared, found.dead, found.leaked) == (4, 0, 0, 0)


def test_a_code_shown_at_a_till_before_it_is_sold() -> None:
    sku = make_stock(3)
    code = Code.objects.filter(sku=sku).order_by("id")[0]
    leak(code)
    told = alerts()
    assert told["leaked"]["units"] == 1
    assert told["leaked"]["batch"] == code.batch.public_id
    (found,) = dossiers(text_of(code), now=clock.now())
    assert len(found.warnings) == 2
    assert [fact.tone for fact in found.facts] == ["info", "danger"]
    assert found.reference == ""


def test_codes_of_a_batch_opened_by_several_people() -> None:
    owned = buy("usr_A", 3)
    for one in owned:
        look(one, by="user:usr_A")
    for one in owned[:2]:
        look(one, by="guest", ip="198.51.100.7")
    assert alerts() == {}, "two are no pattern yet"
    look(owned[2], by="guest", ip="198.51.100.8")
    assert (alerts()["shared"]["units"], alerts()["shared"]["opened"]) == (3, 3)
    a_week = clock.now() + timedelta(days=8)
    assert signs_of(now=a_week) == []
    watch_alerts(now=a_week)
    assert not Alert.objects.filter(kind="shared", closed_at=None).exists()


def test_codes_that_are_replaced_after_they_were_shown() -> None:
    sku = make_stock(8)
    owned = buy("usr_A", 4, sku=sku)
    for one in owned[:3]:
        look(one, by="user:usr_A")
    for one in owned:
        replace(one)
    # The fourth was never shown: whoever complains has not used it.
    assert (alerts()["dead"]["units"], alerts()["dead"]["opened"]) == (3, 3)
    first = CodeReveal.objects.order_by("id")[0].code
    assert first is not None
    (found,) = dossiers(text_of(first), now=clock.now())
    assert any(fact.tone == "warning" for fact in found.facts)
    (batch,) = signs_of(now=clock.now(), batch=first.batch_id)
    assert batch == Signs(first.batch_id, 3, 0, 3, 0)
    assert signs_of(now=clock.now(), batch=first.batch_id + 1) == []


def test_a_member_of_staff_who_looks_at_many() -> None:
    person = make_staff("support")
    for one in buy("usr_A", MANY_LOOKS - 1):
        look(one, by=person.acting)
    assert "staff_looks" not in alerts()
    look(buy_one("usr_B"), by=person.acting)
    assert alerts()["staff_looks"]["units"] == MANY_LOOKS
    # What is their own is theirs to look at.
    other = make_staff("operator")
    for one in buy(other.public_id, MANY_LOOKS):
        look(one, by=other.acting)
    watch_alerts(now=clock.now())
    assert Alert.objects.filter(kind="staff_looks").count() == 1


def test_the_trace_page_answers_by_code_and_writes_down_that_it_was_asked() -> None:
    (owned,) = buy("usr_A", 1, sku=make_stock(2))
    look(owned, by="user:usr_A", ip="203.0.113.77")
    sold = Code.objects.get(state="sold")
    free = Code.objects.get(state="available")
    client = Client()
    client.force_login(make_staff("support"))
    english = {"accept-language": "en"}
    page = client.post(TRACE, {"q": text_of(sold)}, headers=english).content.decode()
    for word in (sold.masked, sold.batch.public_id, owned.reference, "203.0.113.77", "main"):
        assert word in page
    assert text_of(sold).split()[1] not in page
    page = client.post(TRACE, {"q": text_of(free)}, headers=english).content.decode()
    assert free.batch.public_id in page
    assert "Nobody has looked at it" in page
    asked = AuditEntry.objects.filter(tag="trace:read")
    assert set(asked.values_list("subject", flat=True)) == {owned.reference, str(free.pk)}
    page = client.post(TRACE, {"q": "1 NO-SUCH-CODE"}, headers=english).content.decode()
    assert "Nothing is known" in page
    client.force_login(make_staff("operator"))
    assert client.get(TRACE).status_code == 200


def test_nothing_typed_finds_nothing() -> None:
    make_goods()
    assert dossiers("", now=clock.now()) == []
    with step():
        audit.record(tag="codes:leaked", by="x", subject=str(Code().pk), now=clock.now())
    assert signs_of(now=clock.now()) == []
