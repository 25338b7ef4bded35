"""Exchange codes: made in the background, handed out by two persons, used once, guessed by nobody."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client

from catalog.models import Sku
from catalog.states import Availability
from core import approvals, clock
from core.invariants import check_all
from fulfillment.models import CodeExport
from fulfillment.services.pool.take_export import show_password, take_export
from fulfillment.vouchers.codes import new_code
from orders.models import Exchange, ExchangeBatch, ExchangeCode, Order
from orders.services.exchange import open_batch
from orders.services.exchange.export_exchange import ExportRefused, request_export
from orders.services.exchange.open_batch import CannotOpen, change_batch, make_codes, request_codes
from orders.services.exchange.redeem_code import CodeRefused, Refusal
from orders.services.lotteries.hand_over import hand_over, settle_exchange
from tests.factories.accounts import make_staff
from tests.factories.catalog import fresh
from tests.factories.exchange import agreed, made, make_batch, redeem, texts
from tests.factories.fulfillment import import_file, make_file
from tests.factories.lotteries import player
from tests.factories.orders import make_paid, relay_all, stocked
from tests.fulfillment.test_export import unlock

pytestmark = pytest.mark.django_db


def healthy() -> list[str]:
    return [str(found) for found in check_all(now=clock.now(), grace=0, only="INV-EX")]


def toy_batch(size: int = 3, **values: Any) -> ExchangeBatch:
    return made(make_batch(size, kind="toy", **values))


def refused(text: str, **changes: Any) -> Refusal:
    with pytest.raises(CodeRefused) as no:
        redeem(text, **changes)
    assert no.value.words
    return no.value.why


# --- making ---------------------------------------------------------------------------------------


def test_two_persons_agree_before_any_code_is_made(toys: dict[str, int]) -> None:
    batch = make_batch(3, kind="toy")
    maker = make_staff("operator").public_id
    asked = request_codes(batch=batch.public_id, by=maker, reason="x", now=clock.now())
    with pytest.raises(approvals.SelfApproval):
        approvals.decide(approval_id=asked.public_id, by=maker, agree=True, now=clock.now())
    ExchangeBatch.objects.filter(pk=batch.pk).update(size=4)
    with pytest.raises(approvals.StalePayload):
        approvals.decide(
            approval_id=asked.public_id, by=make_staff("owner").public_id, agree=True,
            now=clock.now(),
        )  # fmt: skip
    make_codes(now=clock.now())
    assert not ExchangeCode.objects.exists()


def test_goods_that_cost_more_than_agreed_are_no_batch() -> None:
    batch = make_batch(3, sku=stocked(1), cost_minor=1)
    with pytest.raises(CannotOpen):
        request_codes(
            batch=batch.public_id, by=make_staff("operator").public_id, reason="x",
            now=clock.now(),
        )  # fmt: skip


def test_codes_are_made_in_chunks_and_a_dead_worker_costs_none(
    toys: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_batch, "CHUNK", 4)
    monkeypatch.setattr(open_batch, "MOST_CHUNKS", 2)
    batch = agreed(make_batch(10, kind="toy"))
    assert make_codes(now=clock.now()) == 8
    batch.refresh_from_db()
    assert (batch.made, batch.state, batch.percent) == (8, "making", 80)
    assert make_codes(now=clock.now()) == 2
    batch.refresh_from_db()
    assert (batch.made, batch.state) == (10, "live")
    assert len(set(texts(batch))) == 10
    assert healthy() == []


def test_what_was_agreed_to_stands_still(toys: dict[str, int]) -> None:
    batch = toy_batch()
    for change in ({"cost_minor": 1}, {"size": 9}, {"amount": 2}):
        with pytest.raises(DatabaseError), transaction.atomic():
            ExchangeBatch.objects.filter(pk=batch.pk).update(**change)


# --- redeeming ------------------------------------------------------------------------------------


def test_a_guest_redeems_goods_as_an_order_for_nothing() -> None:
    batch = made(make_batch(2, sku=stocked(2)))
    row = redeem(texts(batch)[0].lower().replace("-", " "))
    order = Order.objects.get()
    assert (row.state, row.result) == ("done", order.public_id)
    assert (order.total_minor, order.state, order.owner) == (0, "delivered", "")
    assert order.promotion_uses.get().rule == batch.public_id
    relay_all()
    assert check_all(now=clock.now(), only="INV-") == []


def test_one_form_is_one_exchange(toys: dict[str, int]) -> None:
    (text, *_rest) = texts(toy_batch())
    first = redeem(text, form_token="form-token-of-one-page")
    assert redeem(text, form_token="form-token-of-one-page") == first
    assert list(toys.values()) == [1]


def test_every_refusal_has_its_words(toys: dict[str, int]) -> None:
    now = clock.now()
    (used, *_rest) = texts(toy_batch())
    redeem(used)
    assert refused(used) == Refusal.USED
    early = texts(toy_batch(starts_at=now + timedelta(days=1)))[0]
    assert refused(early) == Refusal.EARLY
    batch = toy_batch(ends_at=now + timedelta(hours=1))
    ExchangeBatch.objects.filter(pk=batch.pk).update(ends_at=now - timedelta(seconds=1))
    assert refused(texts(batch)[0]) == Refusal.LATE
    frozen = toy_batch()
    change_batch(batch=frozen.public_id, to="frozen", by="test", why="leak", now=now)
    assert refused(texts(frozen)[0]) == Refusal.FROZEN
    change_batch(batch=frozen.public_id, to="live", by="test", why="found", now=now)
    assert redeem(texts(frozen)[0]).state == "done"
    change_batch(batch=frozen.public_id, to="ended", by="test", why="over", now=now)
    assert not change_batch(batch=frozen.public_id, to="live", by="test", why="no", now=now)
    assert refused(texts(toy_batch())[0], form_token="short") == Refusal.FORM
    assert healthy() == []


def test_a_person_uses_as_many_codes_as_the_batch_says(toys: dict[str, int]) -> None:
    first, second, third = texts(toy_batch(per_person=1))
    redeem(first)
    assert refused(second, contact="Guest@Example.com") == Refusal.PERSON
    assert redeem(third, contact="other@example.com").state == "done"
    assert redeem(second, contact="third@example.com").state == "done"


def test_guesses_get_one_answer_and_are_counted(toys: dict[str, int]) -> None:
    (text, *_rest) = texts(toy_batch())
    for guess in ("x", "", "0" * 18, *[new_code() for _ in range(7)]):
        assert refused(guess) == Refusal.UNKNOWN
    assert refused(text) == Refusal.LIMITED
    assert refused(new_code(), contact="b@example.com") == Refusal.UNKNOWN
    # Another person elsewhere is not kept from anything.
    assert redeem(text, contact="c@example.com", ip="203.0.113.9").state == "done"


def test_goods_that_are_known_to_be_sold_out_leave_the_code_untouched() -> None:
    sku = stocked(1)
    batch = made(make_batch(1, sku=sku))
    Sku.objects.filter(pk=sku.pk).update(availability=Availability.OUT)
    fresh()
    assert refused(texts(batch)[0]) == Refusal.NOT_NOW
    Sku.objects.filter(pk=sku.pk).update(availability=Availability.IN)
    fresh()
    assert redeem(texts(batch)[0]).state == "done"


def test_goods_that_were_just_sold_out_come_when_there_are_some() -> None:
    sku = stocked(1)
    batch = made(make_batch(1, sku=sku))
    make_paid(sku)
    assert redeem(texts(batch)[0]).state == "waiting"
    import_file(sku, make_file(1))
    assert hand_over(now=clock.now() + timedelta(hours=2)) == 1
    assert Order.objects.filter(public_id=Exchange.objects.get().result).exists()


def test_a_crash_after_the_code_was_used_loses_nothing(toys: dict[str, int]) -> None:
    batch = toy_batch(ref="not yet")
    row = redeem(texts(batch)[0])
    assert (row.state, row.last_error) == ("waiting", "no toys left")
    assert hand_over(now=clock.now() + timedelta(minutes=1)) == 0
    assert settle_exchange(exchange=row.public_id, by="user:x", why="by post", now=clock.now())
    assert Exchange.objects.get().state == "settled"


# --- the file -------------------------------------------------------------------------------------


def test_codes_leave_as_a_file_by_two_persons() -> None:
    batch = made(make_batch(3, sku=stocked(1)))
    one, two = make_staff("operator"), make_staff("owner")
    asked = request_export(
        batch=batch.public_id, first=2, rows=5, by=one.public_id, reason="fair", now=clock.now()
    )
    approvals.decide(approval_id=asked.public_id, by=two.public_id, agree=True, now=clock.now())
    export = CodeExport.objects.get()
    password = show_password(export_id=export.public_id, by=two.public_id, now=clock.now())
    taken = take_export(
        export_id=export.public_id, by=one.public_id, password=password, now=clock.now()
    )
    told = unlock(taken.content, password)
    assert export.rows == 2
    assert all(code in told for code in texts(batch)[1:])
    assert texts(batch)[0] not in told
    with pytest.raises(ExportRefused):
        request_export(
            batch=batch.public_id, first=9, rows=5, by=one.public_id, reason="x", now=clock.now()
        )


# --- pages ----------------------------------------------------------------------------------------


def test_a_guest_redeems_on_the_page_and_sees_the_order(client: Client) -> None:
    batch = made(make_batch(2, sku=stocked(2)))
    assert client.get("/exchange/?code=ABC").status_code == 200
    form = {"code": texts(batch)[0], "contact": "g@example.com", "form_token": "one-page-one-token"}
    answer = client.post("/exchange/", form)
    order = Order.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, f"/orders/{order.public_id}/")
    assert client.get(answer["Location"]).status_code == 200
    assert client.post("/exchange/", form)["Location"] == answer["Location"]
    assert Client().get(answer["Location"]).status_code == 404
    wrong = client.post("/exchange/", {**form, "code": "nope", "form_token": "another-page-token"})
    assert wrong.status_code == 422


def test_somebody_signed_in_needs_no_contact(client: Client, toys: dict[str, int]) -> None:
    user = player()
    client.force_login(user)
    form = {"code": texts(toy_batch())[0], "form_token": "one-page-one-token"}
    answer = client.post("/exchange/", form)
    row = Exchange.objects.get()
    assert (row.owner, row.state) == (user.public_id, "done")
    assert client.get(answer["Location"]).status_code == 200
    assert client.get("/exchange/exc_0000000000000000/").status_code == 404


def test_staff_sees_batches_and_their_acts(client: Client, toys: dict[str, int]) -> None:
    batch = toy_batch()
    redeem(texts(batch)[0])
    client.force_login(make_staff("operator"))
    for address in ("exchangebatch/", "exchange/", f"exchangebatch/{batch.pk}/change/",
                    f"exchange/{Exchange.objects.get().pk}/change/", "exchangebatch/add/"):  # fmt: skip
        assert client.get(f"/admin/orders/{address}").status_code == 200, address
    for act in ("ask-for-codes", "ask-for-file", "freeze", "thaw", "end"):
        assert client.get(f"/admin/orders/exchangebatch/{batch.pk}/{act}/").status_code == 200
    client.post(f"/admin/orders/exchangebatch/{batch.pk}/freeze/", {"reason": "leak"})
    batch.refresh_from_db()
    assert batch.state == "frozen"
