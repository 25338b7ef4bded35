"""The till's pages, without script: look, confirm, once; refusals to be read aloud; who may come in."""

import io
import json
import re
from datetime import timedelta
from typing import Any

import pytest
import segno
from django.test import Client

from core import clock
from fulfillment.models import Clerk, Entitlement, Redemption
from fulfillment.redemption import RedeemRefused, Refusal
from fulfillment.vouchers.codes import new_code, qr_text
from tests.factories.accounts import make_user
from tests.factories.redemption import make_clerk, make_store, make_voucher_sku, sell_voucher

pytestmark = pytest.mark.django_db
TILL, DESK = "/redeem/", "/redeem/desk/"
FIELD = re.compile(r'<input type="(?:hidden|number)" name="(\w+)" value="([^"]*)"')
ENGLISH = {"Accept-Language": "en"}


class Till:
    """A clerk's browser: types a line, and sends back what the stage holds, as a form does."""

    def __init__(self, store: Any, **clerk: Any) -> None:
        self.user = make_user(email=f"clerk-{store.code}-{Clerk.objects.count()}@example.com")
        self.view = make_clerk(store, user=self.user.public_id, **clerk)
        self.client = Client(headers=ENGLISH)
        self.client.force_login(self.user)
        self.held: dict[str, str] = {}

    def send(self, path: str = TILL, *, later: int = 0, **line: str) -> str:
        if later and "seen" in self.held:
            self.held["seen"] = str(int(self.held["seen"]) - later)
        answer = self.client.post(path, {**self.held, **line})
        assert answer.status_code == 200
        text = answer.content.decode()
        self.held = {
            name: value for name, value in FIELD.findall(text) if name != "csrfmiddlewaretoken"
        }
        return text

    def kind(self, text: str) -> str:
        return re.search(r'class="stage stage-(\w+)"', text)[1]  # type: ignore[index]


@pytest.fixture
def store() -> Any:
    return make_store(name_en="North Gate")


@pytest.fixture
def till(store: Any) -> Till:
    return Till(store)


def left(sold: Any) -> int | None:
    return Entitlement.objects.get(pk=sold.entitlement.pk).uses_left


# --- who may come in ---------------------------------------------------------------------------


@pytest.mark.parametrize("path", [TILL, DESK, "/redeem/today/", "/redeem/store/"])
def test_a_stranger_signs_in_first(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/")
    assert path in answer["Location"]


@pytest.mark.parametrize("path", [TILL, DESK, "/redeem/today/", "/redeem/store/"])
def test_who_is_no_clerk_is_told_so(client: Client, path: str) -> None:
    client.force_login(make_user(email="shopper@example.com"))
    answer = client.get(path, headers=ENGLISH)
    assert answer.status_code == 403
    assert b"not a clerk of any store" in answer.content


def test_who_is_no_clerk_redeems_nothing(client: Client, store: Any) -> None:
    sold = sell_voucher(make_voucher_sku(store))
    client.force_login(make_user(email="shopper@example.com"))
    sent = {"pending": sold.code, "nonce": "n" * 22, "act": "use", "uses": "1"}
    assert client.post(TILL, sent).status_code == 403
    assert client.post("/redeem/frame/", b"", content_type="image/jpeg").status_code == 403
    assert left(sold) == 1


def test_a_clerk_who_was_switched_off_is_out_at_once(till: Till, store: Any) -> None:
    sold = sell_voucher(make_voucher_sku(store))
    till.send(entry=sold.code)
    Clerk.objects.filter(user=till.user.public_id).update(is_active=False)
    assert till.client.post(TILL, {**till.held, "act": "use"}).status_code == 403
    assert left(sold) == 1


def test_the_stage_is_never_answered_with_a_whole_page_of_signing_in(client: Client) -> None:
    answer = client.post(TILL, {"entry": "x"}, headers={"HX-Request": "true"})
    assert answer.status_code == 204
    assert answer["HX-Redirect"].startswith("/accounts/login/")


def test_who_works_at_two_stores_says_where_first(till: Till, store: Any) -> None:
    other = make_store(store.merchant, name_en="South Gate")
    make_clerk(other, user=till.user.public_id)
    assert till.client.get(TILL)["Location"] == "/redeem/store/"
    page = till.client.get("/redeem/store/").content.decode()
    assert "North Gate" in page
    assert "South Gate" in page
    assert till.client.post("/redeem/store/", {"store": "sto_0000000000000000"}).status_code == 404
    till.client.post("/redeem/store/", {"store": other.public_id})
    assert "South Gate" in till.client.get(TILL).content.decode()
    sold = sell_voucher(make_voucher_sku(other))
    till.send(entry=sold.code)
    till.send(act="use")
    assert Redemption.objects.get().store == other


# --- looking and using -------------------------------------------------------------------------


def test_a_look_uses_nothing_and_the_button_uses_once(till: Till, store: Any) -> None:
    sold = sell_voucher(make_voucher_sku(store, uses=7))
    found = till.send(entry=sold.code)
    assert till.kind(found) == "found"
    assert re.search(r"Use <span data-uses>1</span> of 7", found)
    assert left(sold) == 7
    sent = dict(till.held)
    done = till.send(act="use", uses="1")
    assert till.kind(done) == "done"
    assert "Redeemed: 1 use" in done
    assert left(sold) == 6
    till.held = sent
    again = till.send(act="use", uses="1")
    assert till.kind(again) == "done"
    assert "Nothing was used a second time" in again
    assert (left(sold), Redemption.objects.count()) == (6, 1)


def test_several_uses_at_once_and_not_more_than_are_left(till: Till, store: Any) -> None:
    sold = sell_voucher(make_voucher_sku(store, uses=5))
    till.send(entry=sold.code)
    assert "Redeemed: 3 uses" in till.send(act="use", uses="3")
    till.send(entry=sold.code)
    mended = till.send(act="use", uses="4")
    assert till.kind(mended) == "found"
    assert "Not enough is left" in mended
    assert "Redeemed: 2 uses" in till.send(act="use", uses="2")
    assert "is used up" in till.send(entry=sold.code)


@pytest.mark.parametrize("uses", ["0", "-1", "abc", "1e9", "99999999999999999999", "１"])
def test_a_number_that_is_none_uses_nothing(till: Till, store: Any, uses: str) -> None:
    sold = sell_voucher(make_voucher_sku(store, uses=5))
    till.send(entry=sold.code)
    assert till.kind(till.send(act="use", uses=uses)) == "found"
    assert left(sold) == 5


def test_an_amount_is_typed_and_what_is_left_can_be_used_whole(till: Till, store: Any) -> None:
    sold = sell_voucher(make_voucher_sku(store, amount_minor=10_000))
    found = till.send(entry=sold.code)
    assert "¥100.00" in found
    assert "Type the amount" in till.send(act="use", amount="")
    assert "Not enough is left" in till.send(act="use", amount="100.01")
    assert "Redeemed: ¥12.50" in till.send(act="use", amount="１２．５")
    found = till.send(entry=sold.code)
    assert "¥87.50" in found
    assert "Redeemed: ¥87.50" in till.send(all="8750")
    assert Entitlement.objects.get(pk=sold.entitlement.pk).amount_left_minor == 0


# --- the scanner on a PC -----------------------------------------------------------------------


def test_a_second_scan_confirms(till: Till, store: Any) -> None:
    sold = sell_voucher(make_voucher_sku(store, uses=3))
    text = qr_text(sold.code)
    assert till.kind(till.send(DESK, entry=text, act="enter")) == "found"
    assert till.kind(till.send(DESK, entry=sold.code.lower(), act="enter", later=900)) == "done"
    assert left(sold) == 2


def test_enter_alone_confirms(till: Till, store: Any) -> None:
    sold = sell_voucher(make_voucher_sku(store, uses=3))
    till.send(DESK, entry=sold.code, act="enter")
    assert till.kind(till.send(DESK, entry="", act="enter", uses="2", later=900)) == "done"
    assert left(sold) == 1


@pytest.mark.parametrize("second", ["", "same"])
def test_a_line_end_sent_twice_confirms_nothing(till: Till, store: Any, second: str) -> None:
    sold = sell_voucher(make_voucher_sku(store, uses=3))
    till.send(DESK, entry=sold.code, act="enter")
    again = till.send(DESK, entry=sold.code if second else "", act="enter")
    assert till.kind(again) == "found"
    assert left(sold) == 3


def test_another_voucher_is_looked_at_and_the_first_left_alone(till: Till, store: Any) -> None:
    sku = make_voucher_sku(store, uses=3)
    first, second = sell_voucher(sku), sell_voucher(sku)
    till.send(DESK, entry=first.code, act="enter")
    found = till.send(DESK, entry=second.code, act="enter", later=5000)
    assert till.kind(found) == "found"
    assert till.held["pending"].endswith(second.code[-4:])
    assert (left(first), left(second)) == (3, 3)


def test_a_scan_that_falls_into_the_amount_is_a_scan(till: Till, store: Any) -> None:
    by_amount = sell_voucher(make_voucher_sku(store, amount_minor=500))
    card = sell_voucher(make_voucher_sku(store, uses=3))
    till.send(DESK, entry=by_amount.code, act="enter")
    found = till.send(DESK, amount=qr_text(card.code), act="enter", later=5000)
    assert till.kind(found) == "found"
    assert till.held["pending"] == qr_text(card.code)


# --- refusals ----------------------------------------------------------------------------------


def _cases(store: Any) -> dict[str, str]:
    """Codes that are refused here, by the beginning of what is read aloud."""
    elsewhere = make_store()
    sibling = make_store(store.merchant)
    expired, used = (sell_voucher(make_voucher_sku(store)) for _ in range(2))
    Entitlement.objects.filter(pk=expired.entitlement.pk).update(
        valid_until=clock.now() - timedelta(days=1)
    )
    Entitlement.objects.filter(pk=used.entitlement.pk).update(state="revoked")
    return {
        "This is not a voucher of ours": "HELLO",
        "We do not know this voucher": new_code(),
        "This voucher expired on": expired.code,
        "This voucher was taken back": used.code,
        "This voucher is for another merchant": sell_voucher(make_voucher_sku(elsewhere)).code,
        "This voucher is not for this store": sell_voucher(make_voucher_sku(sibling)).code,
    }


def test_each_refusal_is_a_sentence_to_read_aloud(till: Till, store: Any) -> None:
    for beginning, code in _cases(store).items():
        told = till.send(entry=code)
        assert till.kind(told) == "refused", beginning
        assert f'<p class="verdict-why">{beginning}' in told
    assert not Redemption.objects.exists()


def test_a_refusal_speaks_the_clerks_language(till: Till) -> None:
    till.client = Client(headers={"Accept-Language": "zh-CN"})
    till.client.force_login(till.user)
    told = till.send(entry="HELLO")
    english = RedeemRefused(Refusal.MALFORMED).sentence("en")
    assert english not in told
    assert RedeemRefused(Refusal.MALFORMED).sentence("zh-hans") in told


def test_a_code_never_lands_in_an_address_or_a_cache(till: Till, store: Any) -> None:
    sold = sell_voucher(make_voucher_sku(store))
    answer = till.client.post(TILL, {"entry": sold.code})
    assert "no-store" in answer["Cache-Control"]
    page = till.client.get(TILL, {"entry": sold.code}).content.decode()
    assert sold.code not in page
    assert 'class="stage stage-idle"' in page


# --- undo and the day --------------------------------------------------------------------------


def test_an_undo_from_the_verdict_gives_one_back_once(till: Till, store: Any) -> None:
    sold = sell_voucher(make_voucher_sku(store, uses=2))
    till.send(entry=sold.code)
    till.send(act="use", uses="1")
    sent = dict(till.held)
    assert till.kind(till.send(act="undo")) == "undone"
    assert left(sold) == 2
    till.held = sent
    assert till.kind(till.send(act="undo")) == "undone"
    till.held = {**sent, "nonce": "another-nonce-of-22-chars"}
    assert "undone before" in till.send(act="undo")
    assert left(sold) == 2


def test_the_day_lists_what_was_used_and_takes_it_back(till: Till, store: Any) -> None:
    sold = sell_voucher(make_voucher_sku(store, uses=5))
    till.send(entry=sold.code)
    till.send(act="use", uses="2")
    till.send(entry="HELLO")
    page = till.client.get("/redeem/today/").content.decode()
    figures = re.findall(r"<dt>([^<]+)</dt><dd class=\"num\">([^<]+)</dd>", page)
    assert dict(figures) == {"Redeemed": "1", "Uses": "2", "Undone": "0", "Refused": "1"}
    assert f"…{sold.code[-4:]}" in page
    assert sold.code not in page
    action = re.search(r'action="(/redeem/undo/rdm_\w+/)"', page)[1]  # type: ignore[index]
    nonce = re.search(r'name="nonce" value="([^"]+)"', page)[1]  # type: ignore[index]
    for _ in range(2):
        answer = till.client.post(action, {"nonce": nonce, "why": "twice"}, follow=True)
        assert b"can be used again" in answer.content
    assert left(sold) == 5
    assert Redemption.objects.get(kind="undo").why == "scanned twice"
    assert (
        dict(
            re.findall(r"<dt>([^<]+)</dt><dd class=\"num\">([^<]+)</dd>", answer.content.decode())
        )["Undone"]
        == "1"
    )


def test_after_the_window_nothing_is_offered_and_nothing_is_done(till: Till, store: Any) -> None:
    sold = sell_voucher(make_voucher_sku(store, uses=5, undo_seconds=0))
    till.send(entry=sold.code)
    done = till.send(act="use", uses="1")
    assert "data-undo" not in done
    use = Redemption.objects.get()
    answer = till.client.post(f"/redeem/undo/{use.public_id}/", {"nonce": "x" * 22}, follow=True)
    assert b"The time for undoing has passed" in answer.content
    assert left(sold) == 4


def test_a_colleague_sees_and_undoes_nothing_of_mine_a_lead_does(till: Till, store: Any) -> None:
    sold = sell_voucher(make_voucher_sku(store, uses=5))
    till.send(entry=sold.code)
    till.send(act="use", uses="1")
    use = Redemption.objects.get()
    colleague, lead = Till(store), Till(store, role="lead")
    tail = f"…{sold.code[-4:]}".encode()
    for path in ("/redeem/today/", "/redeem/today/?whose=store"):
        assert tail not in colleague.client.get(path).content
    answer = colleague.client.post(
        f"/redeem/undo/{use.public_id}/", {"nonce": "c" * 22}, follow=True
    )
    assert b"Only who scanned it" in answer.content
    assert tail in lead.client.get("/redeem/today/?whose=store").content
    lead.client.post(f"/redeem/undo/{use.public_id}/", {"nonce": "l" * 22})
    assert left(sold) == 5


def test_another_merchants_lead_learns_nothing(till: Till, store: Any) -> None:
    sold = sell_voucher(make_voucher_sku(store, uses=5))
    till.send(entry=sold.code)
    till.send(act="use", uses="1")
    use = Redemption.objects.get()
    stranger = Till(make_store(), role="merchant")
    answer = stranger.client.post(
        f"/redeem/undo/{use.public_id}/", {"nonce": "s" * 22}, follow=True
    )
    assert b"There is no such use" in answer.content
    assert left(sold) == 4


# --- frames ------------------------------------------------------------------------------------


def _frame(text: str) -> bytes:
    sink = io.BytesIO()
    segno.make(text, micro=False).save(sink, kind="png", scale=5)
    return sink.getvalue()


def _post(till: Till, data: bytes, **extra: Any) -> Any:
    return till.client.post("/redeem/frame/", data, content_type="image/jpeg", **extra)


def test_a_frame_is_read_for_a_clerk(till: Till) -> None:
    text = qr_text(new_code())
    answer = _post(till, _frame(text))
    assert json.loads(answer.content) == {"found": [text]}
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize(
    ("data", "status"),
    [(b"not a picture", 415), (b"", 415), (b"\xff\xd8" + bytes(300 * 1024), 413)],
)
def test_what_is_no_frame_is_refused_with_a_sentence(till: Till, data: bytes, status: int) -> None:
    answer = _post(till, data)
    assert answer.status_code == status
    assert json.loads(answer.content)["error"]


def test_a_body_longer_than_it_said_is_not_read_on(till: Till) -> None:
    answer = _post(till, b"\xff\xd8" + bytes(300 * 1024), CONTENT_LENGTH="100")
    assert answer.status_code == 415


def test_frames_need_the_forms_token(till: Till) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(till.user)
    answer = strict.post("/redeem/frame/", _frame("QY:X"), content_type="image/jpeg")
    assert answer.status_code == 403


def test_a_flood_of_frames_is_slowed(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fulfillment.views.till_app.FRAMES", "2/h")
    data = _frame("QY:X")
    assert [_post(till, data).status_code for _ in range(4)] == [200, 200, 429, 429]
    colleague = Till(make_store())
    assert _post(colleague, data).status_code == 200


# --- what surrounds it -------------------------------------------------------------------------


def test_only_the_scanning_page_may_use_the_camera(till: Till) -> None:
    assert "camera=(self)" in till.client.get(TILL)["Permissions-Policy"]
    for path in (DESK, "/redeem/today/", "/", "/wallet/", "/admin/login/"):
        assert "camera=()" in till.client.get(path)["Permissions-Policy"], path


def test_the_till_can_be_installed_and_its_worker_has_charge_of_it_alone(till: Till) -> None:
    answer = till.client.get("/redeem/till.webmanifest")
    told = json.loads(answer.content)
    assert answer["Content-Type"] == "application/manifest+json"
    assert (told["scope"], told["start_url"], told["display"]) == (TILL, TILL, "standalone")
    assert {icon["sizes"] for icon in told["icons"]} >= {"192x192", "512x512"}
    worker = till.client.get("/redeem/worker.js")
    assert worker["Content-Type"].startswith("text/javascript")
    assert "Service-Worker-Allowed" not in worker
    assert 'request.method !== "GET"' in worker.content.decode()
    assert Client().get("/redeem/offline/").status_code == 200
