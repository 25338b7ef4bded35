"""The wallet's pages: who may see what, links by cookie, words of refusal."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import Message, User
from accounts.rendering import rendered
from core import clock
from fulfillment.models import CodeReveal, Entitlement, Gift, ReminderChoice
from fulfillment.services.wallet.set_activation_terms import set_activation_terms
from tests.factories.accounts import make_user
from tests.factories.fulfillment import make_stock
from tests.factories.orders import make_paid, stocked
from tests.factories.wallet import buy, buy_one, given

pytestmark = pytest.mark.django_db
LINK = re.compile(r"/gifts/(gft_\w{16})/\?t=([\w-]{22})")


def person(mail: str) -> tuple[Client, str]:
    """A browser signed in as somebody, and who that is."""
    client, user = Client(), make_user(email=mail)
    client.force_login(user)
    return client, user.public_id


def give_by_page(client: Client, row: Entitlement, **answers: str) -> str:
    """Give it away as its holder; the link as the page shows it."""
    values = {"card": "moon", "sender": "Lin", "greeting": "二十岁快乐\n<b>!</b>", **answers}
    answer = client.post(f"/wallet/{row.public_id}/give/", values)
    assert answer.status_code == 200
    found = LINK.search(answer.content.decode())
    assert found
    assert "no-store" in answer.headers["Cache-Control"]
    return found.group(0)


def test_a_gift_from_page_to_page() -> None:
    giver, giver_id = person("giver@example.com")
    row = buy_one(giver_id)
    assert giver.get(f"/wallet/{row.public_id}/give/").status_code == 200
    link = give_by_page(giver, row)
    thing = giver.get(f"/wallet/{row.public_id}/").content.decode()
    assert "/take-back/" in thing
    assert "/reveal/" not in thing
    assert giver.post(f"/deliveries/{row.delivery.public_id}/reveal/").status_code == 429
    friend, friend_id = person("friend@example.com")
    opened = friend.get(link, follow=True)
    assert opened.redirect_chain == [(link.partition("?")[0], 302)]
    assert "二十岁快乐" in opened.content.decode()
    assert "<b>!</b>" not in opened.content.decode()
    assert giver.get(link.partition("?")[0], follow=True).status_code == 404
    done = friend.post(f"{link.partition('?')[0]}claim/", follow=True)
    assert done.redirect_chain == [(f"/wallet/{row.public_id}/", 303)]
    shown = friend.post(f"/deliveries/{row.delivery.public_id}/reveal/")
    assert b"SECRET-" in shown.content
    row.refresh_from_db()
    assert row.owner == friend_id
    assert giver.get(f"/wallet/{row.public_id}/").status_code == 404
    assert giver.post(f"/deliveries/{row.delivery.public_id}/reveal/").status_code == 404
    page = giver.get("/wallet/?show=given").context["page"]
    assert [g.state for g in page.object_list] == ["claimed"]
    assert "Lin" in friend.get(f"/wallet/{row.public_id}/").content.decode()


def test_looking_takes_nothing_and_a_second_friend_reads_why() -> None:
    giver, giver_id = person("giver@example.com")
    link = give_by_page(giver, buy_one(giver_id))
    path = link.partition("?")[0]
    for _ in range(3):
        scanner = Client()
        assert scanner.get(link, follow=True).status_code == 200
        assert scanner.get(f"{path}claim/").status_code == 405
    assert Gift.objects.get().state == "open"
    first, second = Client(), Client()
    for friend in (first, second):
        friend.get(link)
    assert first.post(f"{path}claim/").status_code == 303
    late = second.post(f"{path}claim/")
    assert (late.status_code, Gift.objects.get().state) == (410, "claimed")
    assert second.get(path).status_code == 410
    again = first.get(path)
    assert again.status_code == 200
    assert Entitlement.objects.get().public_id in again.content.decode()


def test_a_guest_keeps_it_by_cookie_and_by_link_and_in_an_account_later() -> None:
    giver, giver_id = person("giver@example.com")
    row = buy_one(giver_id)
    link = give_by_page(giver, row)
    guest = Client()
    guest.get(link)
    page = guest.post(f"{link.partition('?')[0]}claim/", follow=True).content.decode()
    kept = re.search(rf"/wallet/{row.public_id}/\?t=[\w-]{{22}}", page)
    assert kept
    assert b"SECRET-" in guest.post(f"/deliveries/{row.delivery.public_id}/reveal/").content
    assert Client().get(f"/wallet/{row.public_id}/").status_code == 302
    elsewhere = Client()
    assert elsewhere.get(kept.group(0), follow=True).status_code == 200
    user = make_user(email="later@example.com")
    elsewhere.force_login(user)
    answer = elsewhere.post(f"/wallet/{row.public_id}/keep/", follow=True)
    assert answer.status_code == 200
    row.refresh_from_db()
    assert (row.owner, row.holder_hash) == (user.public_id, None)
    assert guest.post(f"/deliveries/{row.delivery.public_id}/reveal/").status_code == 404


def test_taking_back_and_a_new_link() -> None:
    giver, giver_id = person("giver@example.com")
    row = buy_one(giver_id)
    old = give_by_page(giver, row)
    gift = Gift.objects.get()
    page = giver.post(f"/wallet/given/{gift.public_id}/renew/").content.decode()
    new = LINK.search(page)
    assert new
    assert new.group(0) != old
    assert Client().get(old, follow=True).status_code == 404
    assert Client().get(new.group(0), follow=True).status_code == 200
    back = giver.post(f"/wallet/given/{gift.public_id}/take-back/", follow=True)
    assert back.redirect_chain == [(f"/wallet/{row.public_id}/", 303)]
    assert Client().get(new.group(0), follow=True).status_code == 410
    assert b"SECRET-" in giver.post(f"/deliveries/{row.delivery.public_id}/reveal/").content


def test_strangers_touch_no_gift() -> None:
    giver, giver_id = person("giver@example.com")
    stranger, _id = person("stranger@example.com")
    row = buy_one(giver_id)
    link = give_by_page(giver, row)
    gift = Gift.objects.get().public_id
    for who in (stranger, Client()):
        for path in (f"/wallet/given/{gift}/renew/", f"/wallet/given/{gift}/take-back/",
                     f"/wallet/{row.public_id}/activate/", f"/wallet/{row.public_id}/link/"):  # fmt: skip
            assert who.post(path).status_code == 404
        assert who.get(f"/wallet/given/{gift}/").status_code == 404
        assert who.get(f"/wallet/{row.public_id}/give/").status_code == 404
        assert who.post(f"{link.partition('?')[0]}claim/").status_code == 404
    assert stranger.post(f"/wallet/{row.public_id}/keep/").status_code == 404
    assert Gift.objects.get().state == "open"


def test_a_link_is_sent_and_the_page_says_to_whom() -> None:
    giver, giver_id = person("giver@example.com")
    row = buy_one(giver_id)
    link = give_by_page(giver, row, to="friend@example.com")
    message = Message.objects.get(template="gift_link")
    assert link.partition("?t=")[2] in rendered(message).text
    assert Gift.objects.get().sent_to == message.masked


def test_a_wrong_recipient_keeps_what_was_written() -> None:
    giver, giver_id = person("giver@example.com")
    row = buy_one(giver_id)
    answer = giver.post(
        f"/wallet/{row.public_id}/give/", {"card": "moon", "sender": "Lin", "to": "nobody"}
    )
    assert 'value="Lin"' in answer.content.decode()
    assert not Gift.objects.exists()


def test_activating_by_page_binds_the_device() -> None:
    owner, owner_id = person("owner@example.com")
    sku = make_stock(1)
    set_activation_terms(
        sku_id=sku.pk, binding="device", activations=1, by="x", now=clock.now() - timedelta(days=1)
    )
    row = buy_one(owner_id, sku=sku)
    page = owner.get(f"/wallet/{row.public_id}/")
    assert page.context["stop"] == "activate"
    assert owner.post(f"/deliveries/{row.delivery.public_id}/reveal/").status_code == 429
    owner.post(f"/wallet/{row.public_id}/activate/", {"nonce": "x"})
    assert b"SECRET-" in owner.post(f"/deliveries/{row.delivery.public_id}/reveal/").content
    elsewhere = Client()
    elsewhere.force_login(User.objects.get(public_id=owner_id))
    assert elsewhere.get(f"/wallet/{row.public_id}/").context["stop"] == "elsewhere"
    assert elsewhere.post(f"/deliveries/{row.delivery.public_id}/reveal/").status_code == 429
    assert CodeReveal.objects.count() == 1


def test_a_wrong_phone_is_told_in_words() -> None:
    owner, owner_id = person("owner@example.com")
    sku = make_stock(1)
    set_activation_terms(
        sku_id=sku.pk, binding="phone", activations=1, by="x", now=clock.now() - timedelta(days=1)
    )
    row = buy_one(owner_id, sku=sku)
    owner.get(f"/wallet/{row.public_id}/")
    answer = owner.post(f"/wallet/{row.public_id}/activate/", {"value": "12"}, follow=True)
    assert [str(m) for m in answer.context["messages"]] == ["这不是有效的手机号。"]
    owner.post(f"/wallet/{row.public_id}/activate/", {"value": "13800138000"})
    assert "138****8000" in owner.get(f"/wallet/{row.public_id}/").content.decode()


def test_a_code_link_by_page() -> None:
    owner, owner_id = person("owner@example.com")
    row = buy_one(owner_id)
    owner.post(f"/wallet/{row.public_id}/link/", {"to": "me@example.com"})
    found = re.search(r"/codes/lnk_\w{16}/\?t=[\w-]{22}", rendered(Message.objects.get()).text)
    assert found
    reader, scanner = Client(), Client()
    assert scanner.get(found.group(0), follow=True).status_code == 200
    page = reader.get(found.group(0), follow=True)
    assert b"SECRET-" not in page.content
    path = found.group(0).partition("?")[0]
    assert b"SECRET-" in reader.post(f"{path}open/").content
    assert scanner.post(f"{path}open/").status_code == 410
    assert Client().get(path).status_code == 404


def test_the_search_knows_pinyin_and_the_tabs_follow() -> None:
    owner, owner_id = person("owner@example.com")
    first, second = buy_one(owner_id), buy_one(owner_id)
    product = first.sku.product
    type(product).objects.filter(pk=product.pk).update(name="爱奇艺黄金会员")
    from catalog import snapshot

    snapshot.changed()

    def found(words: str) -> list[str]:
        answer = owner.get("/wallet/", {"q": words})
        assert answer.context["tabs"][0]["count"] == len(answer.context["page"].object_list)
        return [one.id for one in answer.context["page"].object_list]

    assert found("爱奇艺") == found("aiqiyi") == found("aqy") == [first.public_id]
    assert set(found("")) == {first.public_id, second.public_id}
    assert found("nothing like it") == []


def test_what_needs_attention_comes_first() -> None:
    owner, owner_id = person("owner@example.com")
    rows = buy(owner_id, 4)
    now = clock.now()
    changes: list[dict[str, Any]] = [
        {"valid_from": now}, {"valid_until": now + timedelta(days=5)}, {"state": "active"},
        {"valid_until": now + timedelta(days=2)},
    ]  # fmt: skip
    for row, values in zip(rows, changes, strict=True):
        Entitlement.objects.filter(pk=row.pk).update(**values)
    shown = [one.id for one in owner.get("/wallet/").context["page"].object_list]
    assert shown == [rows[n].public_id for n in (3, 1, 2, 0)]


def test_reminders_are_chosen() -> None:
    owner, owner_id = person("owner@example.com")
    assert owner.get("/wallet/reminders/").status_code == 200
    owner.post("/wallet/reminders/", {"by_mail": "on"})
    choice = ReminderChoice.objects.get(owner=owner_id)
    assert (choice.by_mail, choice.by_sms) == (True, False)


def order_cookie(client: Client, order: Any) -> None:
    from orders.models.private import open_private

    token = open_private(order.public_id, order.private_sealed).token
    assert client.get(f"/orders/{order.public_id}/?t={token}").status_code == 302


def test_my_orders_and_guests_orders_that_could_join() -> None:
    client, _id = person("buyer@example.com")
    order = make_paid(stocked(2), contact="buyer@example.com")
    make_paid(stocked(1), contact="buyer@example.com")
    assert client.get("/orders/").context["guests"] == []
    assert client.get("/orders/").context["unproven"] == 2
    order_cookie(client, order)
    page = client.get("/orders/")
    assert [one.id for one in page.context["guests"]] == [order.public_id]
    assert page.context["unproven"] == 1
    assert order.public_id.encode() in client.get("/orders/to-attach/").content
    client.post(f"/orders/{order.public_id}/attach/")
    listed = client.get("/orders/").context["page"].object_list
    assert [one.id for one in listed] == [order.public_id]
    assert client.get("/orders/?show=over").context["page"].object_list == []
    assert Client().get("/orders/").status_code == 302
    assert Client().get("/orders/to-attach/").content.strip() == b""


def test_the_order_of_a_given_thing_shows_no_code() -> None:
    buyer = Client()
    order = make_paid(stocked(1), contact="buyer@example.com")
    order_cookie(buyer, order)
    row = Entitlement.objects.get(reference=order.public_id)
    given(row)
    page = buyer.get(f"/orders/{order.public_id}/").content.decode()
    assert "/reveal/" not in page
    assert buyer.post(f"/deliveries/{row.delivery.public_id}/reveal/").status_code == 429
    assert not CodeReveal.objects.exists()
