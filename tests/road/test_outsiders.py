"""Whoever is not meant to see or do something learns nothing and changes nothing (F01, F02, F10, F11)."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from core import approvals, clock
from core.approvals import EXECUTORS
from core.crypto import ensure_data_key
from core.ids import new_id, new_token
from core.models import Approval, AuditEntry
from core.tx import step
from fulfillment.models import Delivery, Entitlement
from orders.models import Order
from tests.factories.accounts import make_staff, make_user, sign_in
from tests.factories.catalog import make_sku
from tests.factories.orders import item, pay, place, relay_all, stocked
from tests.factories.supply import connect, make_topup
from tests.road.urls import Address, back_office_addresses, shop_addresses

pytestmark = pytest.mark.django_db
#: Which ids stand in which slot of an address.
SLOTS = {
    "order_id": "ord", "reference": "ord", "delivery_id": "dlv", "entitlement_id": "ent",
    "gift_id": "gft", "link_id": "lnk", "redemption": "rdm",
    "certificate_id": "crt", "exchange_id": "exc", "good_id": "ptg", "subscription_id": "sub",
    "group_id": "grp",
    "invite_id": "ivl", "packet_id": "pck", "task_id": "tsk",
}  # fmt: skip
METHODS = ("get", "post", "head", "put", "delete")
#: Things that differ from answer to answer whatever the address.
VOLATILE = re.compile(
    r'value="[A-Za-z0-9]{64}"|data-now="[^"]*"|nonce="[^"]*"|<time [^>]*>[^<]*</time>|[a-z]{3}_[0-9A-HJKMNP-TV-Z]{16}'
)


@dataclass
class Victims:
    """Ids that belong to somebody else, by prefix, and the browsers that may see them."""

    ids: dict[str, list[str]] = field(default_factory=lambda: {"ord": [], "dlv": [], "ent": []})
    owners: list[tuple[Client, str]] = field(default_factory=list)


def buy(client: Client, sku: Any, unit_minor: int, **more: str) -> Order:
    form = {
        "sku": sku.code, "quantity": 1, "quoted_minor": unit_minor, "form_token": new_token(),
        "contact": f"{new_token()[:6]}@example.com", "consent": "1", **more,
    }  # fmt: skip
    answer = client.post("/orders/place/", form)
    assert answer.status_code == 303, answer.content.decode()[-2000:]
    return Order.objects.latest("id")


@pytest.fixture
def victims() -> Victims:
    """A guest's delivered order, a guest's top-up on its way, an unpaid order, an account's wallet."""
    ensure_data_key()
    made, card = Victims(), stocked(5)
    topup = make_topup(connect("http://127.0.0.1:9"), sku=make_sku(kind="topup", price_minor=1990))
    guest, customer = Client(), Client()
    customer.force_login(make_user(email="owner@example.com"))
    for client in (guest, customer):
        orders = [
            buy(client, card, 9850), buy(client, topup, 1990, in_phone="13800138000"), buy(client, card, 9850),
        ]  # fmt: skip
        for order in orders[:2]:
            pay(order)
        made.ids["ord"] += [order.public_id for order in orders]
        made.owners += [(client, order.public_id) for order in orders]
    relay_all()
    made.ids["dlv"] = list(Delivery.objects.values_list("public_id", flat=True))
    made.ids["ent"] = list(Entitlement.objects.values_list("public_id", flat=True))
    assert all(made.ids.values())
    return made


def strangers() -> dict[str, Client]:
    """Everybody who might come by: nobody, another guest, another customer, and staff of every role."""
    found = {"anonymous": Client(), "guest": Client(), "customer": Client(), "staff": Client()}
    buy(found["guest"], stocked(1), 9850)
    found["customer"].force_login(make_user(email="other@example.com"))
    buy(found["customer"], stocked(1), 9850)
    found["staff"].force_login(make_staff("owner", "operator", "support", "finance", "auditor"))
    return found


def shape(answer: HttpResponse) -> tuple[Any, ...]:
    """What an onlooker could tell two answers apart by."""
    body = VOLATILE.sub("…", answer.content.decode())
    headers = {
        name: VOLATILE.sub("…", value)
        for name, value in answer.headers.items()
        if name not in ("Content-Length", "Expires", "Last-Modified")
    }
    return answer.status_code, headers, sorted(answer.cookies), body


def private_addresses() -> list[Address]:
    return [found for found in shop_addresses() if "pid" in found.slots.values()]


def test_the_crawl_knows_the_private_addresses() -> None:
    names = {found.name for found in private_addresses()}
    assert names >= {
        "orders:order", "orders:status", "orders:pay", "orders:cancel", "orders:refund",
        "orders:attach", "orders:return", "fulfillment:deliveries", "fulfillment:reveal",
        "fulfillment:entitlement",
    }  # fmt: skip


@pytest.mark.parametrize("who", ["anonymous", "guest", "customer", "staff"])
def test_foreign_and_absent_are_one(victims: Victims, who: str) -> None:
    """Every private address, every method, every kind of foreign id: the answer of an id that never was."""
    client = strangers()[who]
    before = snapshot_of_rows()
    for address in private_addresses():
        slot = next(name for name, kind in address.slots.items() if kind == "pid")
        others = {name: "localpay" for name, kind in address.slots.items() if kind == "slug"}
        for method in METHODS:
            absent = address.path(**others, **{slot: new_id(SLOTS[slot])})
            expected = shape(getattr(client, method)(absent))
            for foreign in (one for ids in victims.ids.values() for one in ids):
                path = address.path(**others, **{slot: foreign})
                assert shape(getattr(client, method)(path)) == expected, (method, path)
            if method in ("get", "post") and expected[0] not in (405, 302):
                barred = 403 if address.name == "fulfillment:redeem_undo" else 404
                assert expected[0] in (404, barred), (method, absent, expected[0])
    assert snapshot_of_rows() == before


def test_whoever_owns_them_sees_them(victims: Victims) -> None:
    """The other half: the same addresses answer their owners."""
    for client, order in victims.owners:
        assert client.get(f"/orders/{order}/").status_code == 200
        assert client.get(f"/orders/{order}/status/").status_code == 200
    customer = victims.owners[-1][0]
    mine = Entitlement.objects.exclude(owner="").first()
    assert mine is not None
    assert customer.get(f"/wallet/{mine.public_id}/").status_code == 200
    assert customer.post(f"/deliveries/{mine.delivery.public_id}/reveal/").status_code in (200, 404)
    pool = Delivery.objects.filter(owner=mine.owner, kind="pool").first()
    assert pool is not None
    assert b"SECRET-" in customer.post(f"/deliveries/{pool.public_id}/reveal/").content


def test_a_foreign_token_opens_nothing(victims: Victims) -> None:
    """A link's token, a cookie, a cart: what opens one order opens no other, altered or not."""
    guest = strangers()["guest"]
    own = Order.objects.order_by("-id")[1]
    cookie = guest.cookies["qy_orders"].value
    foreign = victims.ids["ord"][0]
    for token in ("", "x", new_token(), "A" * 500):
        assert guest.get(f"/orders/{foreign}/?t={token}").status_code == 404
    forged = Client()
    forged.cookies["qy_orders"] = cookie[:-3] + "abc"
    assert forged.get(f"/orders/{own.public_id}/").status_code == 404
    assert not re.search(foreign, guest.get("/account/").content.decode())


@pytest.mark.parametrize(
    "path", ["/pay/nobody/notice/", "/suppliers/nobody/callback/", "/pay/free/notice/"]
)
def test_addresses_for_machines_that_nobody_has(path: str) -> None:
    answer = Client(enforce_csrf_checks=True).post(path, b"{}", content_type="application/json")
    assert answer.status_code in (400, 404)
    assert Client().get(path).status_code in (404, 405)


# --- the look-up ---------------------------------------------------------------------------------


def guess(client: Client, order: str, number: int, forwarded: str) -> Any:
    form = {"order": order, "contact": "buyer@example.com", "secret": f"GUESS{number:03d}"}
    return client.post(
        "/lookup/", form, headers={"X-Forwarded-For": forwarded, "Accept-Language": "en"}
    )


@pytest.mark.parametrize("hops", [0, 1])
def test_guessing_at_the_real_address_is_stopped(settings: Settings, hops: int) -> None:
    """Five tries for one order, twenty in all, whatever the client writes into X-Forwarded-For."""
    settings.TRUSTED_PROXY_HOPS = hops
    known = place(item(stocked(1)), contact="buyer@example.com").order
    client = Client()

    def forwarded(number: int) -> str:
        # With one proxy of ours the last entry is the truth and what stands before it is the client's.
        spoof = f"203.0.113.{number}"
        return f"{spoof}, 198.51.100.9" if hops else spoof

    answers = [guess(client, known, number, forwarded(number)) for number in range(8)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 3
    # Others, one guess each: the address has twenty in an hour, these five among them.
    rest = [guess(client, new_id("ord"), number, forwarded(number)) for number in range(30)]
    told = [answer.status_code for answer in rest]
    assert told.count(200) <= 15
    assert told[-1] == 429


def test_a_guess_tells_nothing() -> None:
    """An order that is there and one that never was: the same words, status, length, and work done."""
    known = place(item(stocked(1)), contact="buyer@example.com").order
    shapes, least = set(), dict[str, int]()
    for number in range(4):
        for kind, order in (("there", known), ("absent", new_id("ord"))):
            client = Client(REMOTE_ADDR=f"198.51.100.{number * 2 + (kind == 'there')}")
            with CaptureQueriesContext(connection) as work:
                answer = guess(client, order, number, "")
            body = answer.content.decode().replace(order, "…")
            shapes.add((answer.status_code, len(body), VOLATILE.sub("…", body)))
            least[kind] = min(least.get(kind, 10**6), len(work))
    assert len(shapes) == 1
    # The least of several: now and then one of them reads a cache of this process anew.
    assert least["there"] == least["absent"]


# --- the back office -----------------------------------------------------------------------------


#: Sessions and counted limits may move, whoever looks.
MOVING = {"sessions.session", "core.limitcount", "risk.assessment", "core.cacheversion",
          "risk.openbudget", "usersessions.usersession"}  # fmt: skip
WRITING = re.compile(
    r"\b(?:insert into|delete from|update)\s+\"?(\w+)\"?(?:\s+\w+)?\s+(?:set|\(|where)"
)


def snapshot_of_rows() -> dict[str, int]:
    """How many rows each table of ours has."""
    return {
        model._meta.label_lower: model._default_manager.count()
        for model in apps.get_models()
        if model._meta.label_lower not in MOVING
    }


@contextmanager
def written() -> Iterator[set[str]]:
    """The tables that are written to meanwhile, also when that is taken back."""
    tables = {model._meta.db_table: model._meta.label_lower for model in apps.get_models()}
    found: set[str] = set()

    def look(execute: Any, sql: str, *rest: Any) -> Any:
        if not sql.lstrip().startswith("SELECT"):
            names = {tables.get(name, name) for name in WRITING.findall(sql.lower())}
            found.update(names)
        return execute(sql, *rest)

    with connection.execute_wrapper(look):
        yield found


def states_of_rows() -> dict[str, list[Any]]:
    return {
        model._meta.label_lower: list(
            model._default_manager.order_by("pk").values_list("pk", "state")
        )
        for model in apps.get_models()
        if any(one.name == "state" for one in model._meta.fields)
    }


def paths_of(found: Iterable[Address]) -> list[str]:
    """Each address with a row that exists in every slot, where there is one."""
    keys: dict[str, str] = {}
    for model in admin.site._registry:
        row = model._default_manager.order_by("pk").first()
        if row is not None:
            keys[f"admin/{model._meta.app_label}/{model._meta.model_name}/"] = str(row.pk)
    paths = []
    for address in found:
        key = next((key for head, key in keys.items() if address.route.startswith(head)), "1")
        values = {
            name: {"app_label": "orders", "name": "freeze", "answer": "agree", "url": "x"}.get(
                name, key
            )
            for name in address.slots
        }
        path = address.path(**values)
        if "(?P" not in path and "\\" not in path:
            paths.append(path)
    return paths


#: What any form of the back office might want; an outsider would fill it in.
FILLED = {
    "reason": "x", "why": "x", "note": "x", "name": "x", "code": "x", "amount": "1", "cost": "1",
    "reference": "R1", "supplier_reference": "R1", "payment_no": "P1", "role": "owner", "on": "on",
    "rows": "1", "action": "delete_selected", "_selected_action": "1", "_save": "1", "post": "yes",
    "value": "1", "kind": "ip", "seconds": "60", "dialect": "rest_hmac",
    "base_url": "https://x.example.com", "key_id": "x", "secret": "x", "password": "x", "pattern": "x",
}  # fmt: skip


#: What somebody on the staff without a role is shown: the frame of the back office.
FRAME = {"/admin/", "/admin/search/", "/admin/password_change/", "/admin/password_change/done/"}


@pytest.mark.parametrize("who", ["anonymous", "customer", "no_role", "second_factor_missing"])
def test_the_back_office_is_shut(victims: Victims, who: str) -> None:
    """Every address under /admin/, read and written to, by those who have no business there."""
    client = Client()
    if who == "customer":
        client.force_login(make_user(email="x@example.com"))
    elif who == "no_role":
        staff = make_staff("support")
        staff.staff_roles.update(revoked_at=clock.now(), revoked_by="user:usr_B")
        client.force_login(staff)
    elif who == "second_factor_missing":
        client.force_login(make_staff("owner", second_factor=False))
    before = snapshot_of_rows(), states_of_rows()
    found = paths_of(back_office_addresses())
    assert len(found) > 150
    for path in found:
        for answer in (client.get(path), client.post(path, FILLED)):
            if who == "no_role" and path in FRAME:
                # The empty frame: nothing of the shop is in it.
                text = answer.content.decode()
                assert "¥" not in text
                assert not [one for ids in victims.ids.values() for one in ids if one in text]
                continue
            assert answer.status_code in (301, 302, 403, 404, 405), (path, answer.status_code)
            if answer.status_code == 302:
                if answer["Location"].startswith("/admin/") and answer["Location"] not in FRAME:
                    # From a button to its page: which is shut as well.
                    behind = client.get(answer["Location"])
                    assert behind.status_code in (302, 403, 404), path
                else:
                    assert re.search("login|2fa|^/admin/$", answer["Location"]), (
                        path,
                        answer["Location"],
                    )
    assert (snapshot_of_rows(), states_of_rows()) == before


def test_an_auditor_reads_and_changes_nothing(victims: Victims) -> None:
    client = Client()
    client.force_login(make_staff("auditor"))
    before = snapshot_of_rows(), states_of_rows()
    read = 0
    with written() as touched:
        for path in paths_of(back_office_addresses()):
            read += client.get(path).status_code == 200
            assert client.post(path, FILLED).status_code < 500, path
    assert touched <= {"core.auditentry", "sessions.session", "core.limitcount"}
    now = snapshot_of_rows(), states_of_rows()
    added = now[0]["core.auditentry"] - before[0]["core.auditentry"]
    tags = set(AuditEntry.objects.order_by("-id").values_list("tag", flat=True)[:added])
    assert tags <= {"trace:read"}, "looking is written down, and nothing else happened"
    now[0]["core.auditentry"] = before[0]["core.auditentry"]
    assert now == before
    assert read > 40


# --- two persons ---------------------------------------------------------------------------------


@pytest.mark.parametrize("action", sorted(EXECUTORS.all()))
def test_nobody_decides_alone(action: str) -> None:
    """Every act for two persons: not by its maker, not by somebody without the act, not by a roleless one."""
    maker = make_staff("owner")
    with step():
        asked = approvals.request(
            action=action,
            subject="x",
            payload={"x": 1},
            by=maker.public_id,
            reason="x",
            now=clock.now(),
        )
    url = f"/admin/core/approval/decide/{asked.public_id}/agree/"
    for person in (maker, make_staff("auditor"), make_user(email="y@example.com")):
        client = sign_in(Client(), person)
        answer = client.post(url, {"note": "yes"})
        assert answer.status_code in (302, 403)
        asked.refresh_from_db()
        assert asked.state == Approval.State.REQUESTED
        with pytest.raises(approvals.NotAllowed):
            approvals.decide(
                approval_id=asked.public_id, by=person.public_id, agree=True, now=clock.now()
            )
        asked.refresh_from_db()
        assert (asked.state, asked.executed_at) == (Approval.State.REQUESTED, None)
