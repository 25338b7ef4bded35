"""Pages of invitations and red packets, from the link to the first sign-in, and the back office."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from core import clock
from orders.models import Invite, Packet, PacketShare
from orders.services.rewards.bind_invite import own_link
from orders.services.rewards.reward_invites import reward_invites
from orders.views.invite_cookie import COOKIE
from tests.factories.accounts import make_staff, make_user, sign_in
from tests.factories.rewards import bought, bring, make_packet, make_programme

pytestmark = pytest.mark.django_db
EN = {"Accept-Language": "en"}


def text(client: Client, address: str) -> str:
    shown = client.get(address, headers=EN)
    assert shown.status_code == 200
    return str(shown.content.decode())


def link_of(public_id: str) -> str:
    return reverse("orders:invited", args=[own_link(owner=public_id, now=clock.now()).public_id])


def test_a_visitor_who_came_by_a_link_is_bound_when_first_signing_in(client: Client) -> None:
    make_programme()
    ann = make_user(display_name="Ann")
    shown = text(client, link_of(ann.public_id))
    assert "A** invites you" in shown
    assert "50 points" in shown
    ben = make_user(email="ben@example.com")
    client.post(reverse("account_login"), {"login": "ben@example.com", "password": "wrong"})
    assert Invite.objects.count() == 0
    sign_in_by_form(client, "ben@example.com")
    row = Invite.objects.get()
    assert (row.inviter, row.friend, row.state) == (ann.public_id, ben.public_id, "bound")


def sign_in_by_form(client: Client, login: str) -> None:
    from tests.factories.accounts import PASSWORD

    answer = client.post(reverse("account_login"), {"login": login, "password": PASSWORD})
    assert answer.status_code == 302, answer.content.decode()[-500:]


def test_an_old_account_or_a_forged_cookie_is_not_bound(client: Client) -> None:
    make_programme()
    make_user(email="old@example.com")
    client.get(link_of(make_user().public_id))
    sign_in_by_form(client, "old@example.com")
    assert Invite.objects.count() == 0
    other = Client()
    other.cookies[COOKIE] = "forged:value"
    make_user(email="new@example.com")
    sign_in_by_form(other, "new@example.com")
    assert Invite.objects.count() == 0


def test_the_invite_page_shows_the_link_and_masked_friends(client: Client) -> None:
    make_programme()
    ann, ben = make_user(), make_user(display_name="Benjamin")
    bring(ann, ben)
    bought(ben.public_id)
    reward_invites(now=clock.now())
    client.force_login(ann)
    shown = text(client, reverse("orders:invite"))
    for words in (
        link_of(ann.public_id),
        "B**",
        "Both of you were rewarded",
        "+100 points",
        "<svg",
    ):
        assert words in shown
    assert "Benjamin" not in shown
    assert "This is your own link" in text(client, link_of(ann.public_id))
    assert client.get(reverse("orders:invited", args=["ivl_0000000000000000"])).status_code == 404


def test_a_packet_is_opened_once_by_who_is_signed_in(client: Client) -> None:
    packet = make_packet(make_user(display_name="Ann").public_id)
    address = reverse("orders:packet", args=[packet.public_id])
    assert "A red packet from A**" in text(client, address)
    assert client.post(address).status_code == 302
    assert not PacketShare.objects.filter(state="taken").exists()
    client.force_login(make_user(display_name="Ben"))
    for _ in range(2):
        assert client.post(address).status_code == 303
    share = PacketShare.objects.get(state="taken")
    assert f"{share.points} point" in text(client, address)


def test_the_order_shows_its_packet_to_its_owner_alone(client: Client) -> None:
    ann = make_user()
    packet = make_packet(ann.public_id)
    address = reverse("orders:order_packet", args=[packet.order_id])
    client.force_login(make_user())
    assert client.get(address).status_code == 404
    client.force_login(ann)
    assert packet.public_id in text(client, address)
    assert packet.public_id in text(client, reverse("orders:packets"))
    without = bought(ann.public_id)
    empty = client.get(reverse("orders:order_packet", args=[without.public_id]))
    assert empty.status_code == 204


@pytest.fixture
def operator(client: Client) -> Client:
    return sign_in(client, make_staff("operator"))


def test_operators_see_and_ask_to_take_back(operator: Client) -> None:
    make_programme()
    ben = make_user()
    invite = bring(make_user(), ben)
    bought(ben.public_id)
    reward_invites(now=clock.now())
    packet = make_packet()
    for name, pk in (("invite", invite.pk), ("packet", packet.pk),
                     ("inviteprogramme", invite.programme_id),
                     ("packettemplate", packet.template_id)):  # fmt: skip
        assert operator.get(reverse(f"admin:orders_{name}_changelist")).status_code == 200
        assert operator.get(reverse(f"admin:orders_{name}_change", args=[pk])).status_code == 200
    assert "the same shares" in text(
        operator, reverse("admin:orders_packet_change", args=[packet.pk])
    )
    assert operator.get(reverse("admin:orders_reward_changelist")).status_code == 200
    take_back = f"/admin/orders/invite/{invite.pk}/take-back/"
    assert operator.get(take_back).status_code == 200
    assert operator.post(take_back, {"reason": "fraud"}).status_code == 302
    assert operator.post(take_back, {"reason": "fraud"}).status_code == 200  # asked for already


def test_a_programme_that_promises_nothing_is_refused(operator: Client) -> None:
    told = {
        "name": "x", "inviter_kind": "points", "inviter_points": "0", "friend_kind": "coupon",
        "friend_points": "0", "wait_days": "7", "minimum_minor": "1", "per_month": "1",
        "inviter_worth_minor": "0", "friend_worth_minor": "0",
    }  # fmt: skip
    shown = operator.post(reverse("admin:orders_inviteprogramme_add"), told, headers=EN)
    assert shown.status_code == 200
    assert "Say how many points." in shown.content.decode()
    told |= {"inviter_points": "10", "friend_kind": "none"}
    saved = operator.post(reverse("admin:orders_inviteprogramme_add"), told, headers=EN)
    assert saved.status_code == 302, saved.content.decode()[-3000:]


def test_lists_ask_no_more_for_more_packets(
    client: Client, django_assert_max_num_queries: Any
) -> None:
    ann = make_user()
    make_packet(ann.public_id)
    client.force_login(ann)
    client.get(reverse("orders:packets"))
    with django_assert_max_num_queries(12):
        client.get(reverse("orders:packets"))
    assert Packet.objects.count() == 1
