"""A code's text leaves the vault through the reveal and is found nowhere else (E08); keys change meanwhile (E09)."""

import base64
import json
import os
import time
from collections import Counter

import redis
from django.contrib import admin
from django.urls import reverse

from tests.faults import hunt, truth
from tests.faults.crowd import PATIENCE_SECONDS, Crowd
from tests.faults.goods import CARD, MARK, TOPUP, code_text
from tests.faults.shopper import Browser, Shopper, codes_on, hidden
from tests.faults.stage import Stage

SHOWN_ROWS = 5
LEAST_TRIPS = 8
#: Every code of the vault, opened with the key-encryption keys of the environment alone.
OPEN_ALL = """
import django
django.setup()
from fulfillment.models import Code
from fulfillment.services.reveal import open_code
for code in Code.objects.all():
    open_code(code.pk, code.sealed, code.expires_on)
print("opened")
"""
#: Lines that are refused, each for another reason: their text may not be kept either.
REFUSED = [
    f"={MARK}-formula 1",
    f"1 {MARK}-{'x' * 6000}",
    f"{MARK}-alone",
]


def upload(stage: Stage, operator: Browser, first: int, units: int) -> None:
    """A file of codes through the page of the back office, with lines that will be refused."""
    good = [" ".join(code_text(n)) for n in range(first, first + units)]
    stage.known |= {code_text(n)[1] for n in range(first, first + units)}
    content = "\n".join([*good, good[0], *REFUSED]).encode()
    page = "/admin/fulfillment/codebatch/add/"
    form = {
        **hidden(operator.get(page).text), "sku": str(stage.goods.card_id), "layout": "pair",
        "paid_from": "bank", "cost": "90.00",
    }  # fmt: skip
    answer = operator.upload(page, form, {"file": ("canary.txt", content)})
    assert answer.status == 302, answer.text[-3000:]


def test_codes_are_found_nowhere_but_in_the_reveal(stage: Stage) -> None:
    upload(stage, stage.staff, first=5000, units=20)
    shown: list[str] = []
    # A guest with a card and a top-up from the cart; a card on the spot; a customer with an account.
    buyer = stage.shopper()
    buyer.put_in_cart(stage.goods.card_slug, CARD)
    buyer.put_in_cart(stage.goods.topup_slug, TOPUP, phone="13800138080")
    link = buyer.check_out()
    stage.gateway.pay(link.number, url=link.url)
    shown += buyer.codes(link.order, wanted=1, seconds=10)
    customer = Shopper(stage.people({"email": "customer@example.com"})[0], "customer@example.com")
    own = customer.buy(stage.goods.card_slug, CARD, quantity=2)
    stage.gateway.pay(own.number, url=own.url)
    shown += customer.codes(own.order, wanted=2, seconds=10)
    assert len(shown) == 3
    stage.settle()
    taken = "select accepted from fulfillment_codebatch where file_name = 'canary.txt'"
    assert stage.one(taken) == 20, "one more would be sold to a buyer who does not know its shape"
    # Looked at once more by its owner, and by support.
    assert len(customer.reveal_all(own.order)) == 2
    look_as_staff(stage, stage.staff)
    break_a_code(stage, own.order, customer.browser)
    pages = admin_pages(stage.staff)
    assert not [path for path, text in pages if MARK in text]
    assert len(pages) > 60
    assert hunt.everywhere(stage, MARK) == []
    assert hunt.everywhere(stage, shown[0]) == []
    assert hunt.everywhere(stage, code_text(5000)[0]) == [], "the numbers of codes are secret too"


def look_as_staff(stage: Stage, support: Browser) -> None:
    """Support looks at a delivered code: a reveal like any other, with its audit entry."""
    pk = stage.one("select id from fulfillment_delivery where kind = 'pool' order by id limit 1")
    page = f"/admin/fulfillment/delivery/{pk}/look/"
    first = support.get(page)
    assert MARK not in first.text
    second = support.post(page, hidden(first.text))
    assert MARK in second.text
    assert "no-store" in second.headers["cache-control"]


def break_a_code(stage: Stage, order: str, browser: Browser) -> None:
    """An error on the way out of the vault: a sealed text in the wrong row opens nothing and says nothing."""
    rows = stage.rows(
        "select c.id, c.sealed, d.public_id from fulfillment_code c"
        " join fulfillment_codeissue i on i.code_id = c.id"
        " join fulfillment_delivery d on d.id = i.delivery_id where d.reference = %s order by d.unit",
        [order],
    )
    one, two = rows
    swap = "update fulfillment_code set sealed = %s where id = %s"
    stage.house.sql(swap, [bytes(two["sealed"]), one["id"]])
    page = browser.once("GET", f"/orders/{order}/")
    direct = browser.once(
        "POST",
        f"/deliveries/{one['public_id']}/reveal/",
        {"csrfmiddlewaretoken": browser.cookies["qy_csrf"]},
    )
    stage.house.sql(swap, [bytes(one["sealed"]), one["id"]])
    assert 500 in {page.status, direct.status}
    for answer in (page, direct):
        assert answer.status != 500 or MARK not in answer.text
        assert code_text(0)[0][:8] not in answer.text or answer.status == 200
    assert codes_on(browser.get(f"/orders/{order}/").text)


def admin_pages(staff: Browser) -> list[tuple[str, str]]:
    """Every list of the back office, and of each list some rows' pages and histories."""
    pages: dict[str, str] = {}
    for model in sorted(admin.site._registry, key=lambda found: found._meta.label):
        meta = model._meta
        head = f"admin:{meta.app_label}_{meta.model_name}"
        listed = staff.get(reverse(f"{head}_changelist"))
        pages[reverse(f"{head}_changelist")] = listed.text
        assert listed.status in (200, 403), (meta.label, listed.status)
        stem = reverse(f"{head}_changelist")
        keys = {part.partition("/")[0] for part in listed.text.split(f'href="{stem}')[1:]}
        for key in sorted(key for key in keys if key and key[0].isalnum() and key != "add")[
            :SHOWN_ROWS
        ]:
            for tail in ("change/", "history/"):
                found = staff.once("GET", f"{stem}{key}/{tail}")
                assert found.status < 500, (f"{stem}{key}/{tail}", found.status)
                pages[f"{stem}{key}/{tail}"] = found.text
    return list(pages.items())


def test_the_hunt_finds_what_is_planted(stage: Stage) -> None:
    """Negative control: a copy in each kind of place is found."""
    text = "QYPLANTED-CANARY"
    server = redis.Redis.from_url(stage.house.env["REDIS_URL"])
    body = base64.b64encode(json.dumps([[text], {}]).encode()).decode()
    server.lpush("planted", json.dumps({"body": body}))
    file = stage.house.state / "log" / "planted.log"
    file.write_text(f"x\n{text}\n")
    stage.house.sql(
        "insert into core_statechange (entity, subject, was, became, at, by, why)"
        " values ('x', 'x', '', 'x', now(), 'x', %s)", [text],
    )  # fmt: skip
    try:
        found = hunt.everywhere(stage, text)
        assert {"table public.core_statechange", "file log/planted.log"} <= set(found)
        assert any(place.startswith("valkey") for place in found)
    finally:
        server.delete("planted")
        file.unlink()


def test_keys_change_while_the_shop_sells(stage: Stage) -> None:
    """Data keys, then the key-encryption key: no reveal fails, nobody is told "sold out", the old keys end."""
    old = stage.one("select id from core_datakey where state = 'active'")
    first_kek = stage.house.env["QUANYI_KEYS"]
    next_kek = f"next:{base64.b64encode(os.urandom(32)).decode()}"
    plans = ("cards", "topup", "both")
    # Web starts anew meanwhile, and the gateway tells us again when it sees fit: nobody goes away before.
    with Crowd(stage, seed=9, size=3, plans=plans, looks_seconds=PATIENCE_SECONDS) as crowd:
        stage.house.manage("rotate_keys")
        stage.restart("web", "worker", QUANYI_KEYS=f"{first_kek},{next_kek}")
        stage.house.manage("rotate_keys", "--rewrap")
        time.sleep(1.0)
    try:
        assert [trip for trip in crowd.trips if trip.trouble] == []
        assert sum((trip.errors for trip in crowd.trips), Counter()) == Counter()
        assert len(crowd.trips) >= LEAST_TRIPS
        assert [trip for trip in crowd.trips if trip.plan != "topup" and not trip.codes] == []
        assert stage.one("select state from core_datakey where id = %s", [old]) == "retired"
        live = stage.rows("select state, kek_id from core_datakey where state <> 'retired'")
        assert live == [{"state": "active", "kek_id": "next"}]
        assert "opened" in stage.house.run("-c", OPEN_ALL, QUANYI_KEYS=next_kek).stdout
        assert "CannotUnseal" in stage.house.run("-c", OPEN_ALL, QUANYI_KEYS=first_kek).stderr
        stage.settle()
        stage.check_invariants()
        truth.compare(stage, crowd.seen())
    finally:
        # Back under the first key, for whoever comes next on this stage.
        stage.house.env["QUANYI_KEYS"] = f"{next_kek},{first_kek}"
        stage.house.manage("rotate_keys", "--rewrap")
        stage.restart("web", "worker", QUANYI_KEYS=first_kek)
