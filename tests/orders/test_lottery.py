"""A lottery from its set-up to its proof: nothing is drawn that was not promised, nothing won is lost."""

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client

from catalog.models import Sku
from core import approvals, clock
from core.invariants import check_all
from core.models import LimitCount
from core.tx import step
from fulfillment.models import Entitlement
from orders.models import Award, Chance, ChanceRule, Coupon, Draw, Lottery, Order, Prize, PrizeUnit
from orders.promotions.draw import client_part, read_table, replay
from orders.queries.lotteries import ORDER_RULES, cost_of, proof
from orders.services.coupons.give_coupon import give_coupon
from orders.services.lotteries.close_lottery import close_lottery, sweep_lotteries
from orders.services.lotteries.draw_prize import NoChance, NotRunning
from orders.services.lotteries.earn_chance import NoSuchCode, earn_by_code
from orders.services.lotteries.give_goods import give_goods
from orders.services.lotteries.hand_over import gift_of_award, hand_over, settle_award
from orders.services.lotteries.open_lottery import CannotOpen, request_opening
from tests.factories.accounts import make_staff
from tests.factories.coupons import coupon_promotion
from tests.factories.fulfillment import import_file, make_file
from tests.factories.lotteries import drawn, give_chances, make_lottery, opened, player
from tests.factories.orders import make_paid, relay_all, stocked

pytestmark = pytest.mark.django_db
SCRIPT = Path(__file__).resolve().parents[2] / "docs" / "clients" / "verify_lottery.py"


def healthy() -> list[str]:
    return [str(found) for found in check_all(now=clock.now(), grace=0, only="INV-LT")]


def finished(row: Lottery) -> Lottery:
    close_lottery(lottery=row.public_id, by="test", why="test", now=clock.now())
    sweep_lotteries(now=clock.now())
    row.refresh_from_db()
    return row


# --- opening --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prizes", "values", "why"),
    [
        (({"odds": 10, "stock": 3, "cost_minor": 400_000},), {}, "budget"),
        (({"odds": 10, "stock": 1, "kind": "goods"},), {}, "kind"),
        (({"odds": 10, "kind": "moon"},), {}, "kind"),
        (({"odds": 10, "stock": 200_000},), {}, "stock"),
    ],
)
def test_what_cannot_be_kept_is_not_promised(
    prizes: tuple[dict[str, Any], ...], values: dict[str, Any], why: str
) -> None:
    row, maker = make_lottery(*prizes, **values), make_staff("operator")
    with pytest.raises(CannotOpen) as refused:
        request_opening(lottery=row.public_id, by=maker.public_id, reason="x", now=clock.now())
    assert refused.value.why == why


def test_odds_must_sum_to_the_whole_and_the_end_must_come() -> None:
    maker = make_staff("operator").public_id
    row = make_lottery({"odds": 10, "stock": 3})
    Prize.objects.filter(lottery=row, key="p0").update(odds=11)
    with pytest.raises(CannotOpen) as refused:
        request_opening(lottery=row.public_id, by=maker, reason="x", now=clock.now())
    assert refused.value.why == "sum"
    late = make_lottery()
    with pytest.raises(CannotOpen) as refused:
        request_opening(
            lottery=late.public_id, by=maker, reason="x", now=late.ends_at + timedelta(seconds=1)
        )
    assert refused.value.why == "over"


def test_two_persons_agree_to_exactly_what_opens() -> None:
    row = make_lottery({"odds": 10, "stock": 3, "cost_minor": 100})
    maker, checker = make_staff("operator"), make_staff("operator")
    asked = request_opening(
        lottery=row.public_id, by=maker.public_id, reason="spring", now=clock.now()
    )
    with pytest.raises(approvals.SelfApproval):
        approvals.decide(
            approval_id=asked.public_id, by=maker.public_id, agree=True, now=clock.now()
        )
    Prize.objects.filter(lottery=row, key="p0").update(cost_minor=101)
    with pytest.raises(approvals.StalePayload):
        approvals.decide(
            approval_id=asked.public_id, by=checker.public_id, agree=True, now=clock.now()
        )
    row.refresh_from_db()
    assert (row.state, row.commitment) == ("draft", "")


def test_what_was_published_stands_still() -> None:
    row = opened(make_lottery({"odds": 10, "stock": 3}))
    assert PrizeUnit.objects.filter(prize__lottery=row).count() == 3
    changes: list[tuple[Any, dict[str, Any]]] = [
        (Lottery.objects.filter(pk=row.pk), {"commitment": "x"}),
        (Lottery.objects.filter(pk=row.pk), {"table_text": "{}"}),
        (Lottery.objects.filter(pk=row.pk), {"budget_minor": 1}),
        (Prize.objects.filter(lottery=row), {"odds": 1}),
        (Prize.objects.filter(lottery=row), {"fixed": False}),
    ]
    for rows, change in changes:
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        row.delete()
    assert healthy() == []


# --- drawing --------------------------------------------------------------------------------------


def test_a_draw_uses_one_chance_and_one_piece() -> None:
    row, user = opened(make_lottery({"odds": 100, "stock": 1})), player()
    give_chances(row, user, 2)
    first, second = drawn(row, user, words="好运"), drawn(row, user)
    assert (first.number, first.prize.key, first.client) == (1, "p0", client_part("好运"))
    assert (second.number, second.hit.key, second.prize.key) == (2, "p0", "nothing")
    with pytest.raises(NoChance):
        drawn(row, user)
    row.refresh_from_db()
    assert row.drawn == 2
    assert healthy() == []


def test_one_form_is_one_draw() -> None:
    row, user = opened(make_lottery()), player()
    give_chances(row, user, 2)
    first = drawn(row, user, form_token="form-token-one-of-many")
    again = drawn(row, user, form_token="form-token-one-of-many")
    assert first == again
    assert Draw.objects.count() == 1


def test_nothing_is_drawn_before_after_or_beyond() -> None:
    now = clock.now()
    for values in ({"starts_at": now + timedelta(hours=1)}, {"draws_most": 1}):
        row, user = opened(make_lottery(**values)), player()
        give_chances(row, user, 2)
        if "draws_most" in values:
            drawn(row, user)
        with pytest.raises(NotRunning):
            drawn(row, user)
        assert Chance.objects.filter(lottery=row, used_at=None).exists()
    done = opened(make_lottery())
    give_chances(done, user)
    close_lottery(lottery=done.public_id, by="test", why="test", now=clock.now())
    with pytest.raises(NotRunning):
        drawn(done, user)
    assert healthy() == []


# --- chances --------------------------------------------------------------------------------------


def test_a_day_gives_one_chance_by_itself() -> None:
    row, user = opened(make_lottery(sources=("day",))), player()
    drawn(row, user)
    with pytest.raises(NoChance):
        drawn(row, user)
    assert Chance.objects.get().source == "day"


def test_a_person_has_no_more_chances_than_the_rules_give() -> None:
    row, user = opened(make_lottery(sources=("day",), a_person=1)), player()
    drawn(row, user)
    ChanceRule.objects.create(lottery=row, source="code", code="SPRING")
    assert earn_by_code(lottery=row, owner=user.public_id, code="spring", now=clock.now()) is False
    assert Chance.objects.count() == 1


def test_a_code_counts_once_for_each_person_and_guesses_are_counted() -> None:
    row, user = opened(make_lottery()), player()
    ChanceRule.objects.create(lottery=row, source="code", code="SPRING")
    now = clock.now()
    assert earn_by_code(lottery=row, owner=user.public_id, code=" Spring", now=now)
    assert not earn_by_code(lottery=row, owner=user.public_id, code="SPRING", now=now)
    for _guess in range(10):
        with pytest.raises(NoSuchCode):
            earn_by_code(lottery=row, owner="usr_GUESS", code="nope", now=now)
    with pytest.raises(NoSuchCode):
        earn_by_code(lottery=row, owner="usr_GUESS", code="SPRING", now=now)


def test_a_friend_who_draws_earns_a_chance_for_whose_link_it_was_once() -> None:
    row, sharer, friend = opened(make_lottery(sources=("share",))), player(), player()
    give_chances(row, friend, 2)
    drawn(row, friend, sharer=sharer.public_id)
    drawn(row, friend, sharer=sharer.public_id)
    give_chances(row, sharer)
    drawn(row, sharer, sharer=sharer.public_id)
    assert Chance.objects.filter(source="share").values_list("owner", flat=True)[0]
    assert Chance.objects.filter(source="share").count() == 1


@pytest.mark.parametrize(("minimum", "earned"), [(0, 1), (10_000_000, 0)])
def test_a_delivered_order_earns_a_chance(minimum: int, earned: int) -> None:
    row, user = make_lottery(), player()
    ChanceRule.objects.create(lottery=row, source="order", minimum_minor=minimum)
    opened(row)
    ORDER_RULES.forget()
    make_paid(stocked(1), user_id=user.pk, owner=user.public_id)
    make_paid(stocked(1))
    relay_all()
    relay_all()
    assert Chance.objects.filter(lottery=row, owner=user.public_id).count() == earned
    assert Chance.objects.count() == earned


# --- prizes ---------------------------------------------------------------------------------------


def test_a_prize_is_handed_over_once(toys: dict[str, int]) -> None:
    row, user = opened(make_lottery({"odds": 100, "stock": 2, "kind": "toy"})), player()
    give_chances(row, user)
    drawn(row, user)
    assert hand_over(now=clock.now()) == 1
    assert hand_over(now=clock.now() + timedelta(hours=2)) == 0
    award = Award.objects.get()
    assert (award.state, award.result) == ("done", f"toy_{award.public_id}")
    assert list(toys.values()) == [1]
    assert healthy() == []


def test_a_prize_that_cannot_be_given_yet_is_tried_again(toys: dict[str, int]) -> None:
    row, user = make_lottery({"odds": 100, "kind": "toy", "ref": "not yet"}), player()
    opened(row)
    give_chances(row, user)
    drawn(row, user)
    assert hand_over(now=clock.now()) == 0
    award = Award.objects.get()
    assert (award.state, award.last_error) == ("waiting", "no toys left")
    assert award.not_before is not None
    assert award.not_before > clock.now() - timedelta(seconds=1)
    assert not toys
    assert settle_award(award=award.public_id, by="user:usr_A", why="by post", now=clock.now())
    assert not settle_award(award=award.public_id, by="user:usr_A", why="again", now=clock.now())
    assert hand_over(now=clock.now() + timedelta(hours=3)) == 0


def goods_lottery(units: int, *, stock: int = 1, **values: Any) -> tuple[Lottery, Sku]:
    sku = stocked(units, **values)
    prize = {"odds": 100, "stock": stock, "kind": "goods", "sku": sku, "cost_minor": 50_000}
    return opened(make_lottery(prize)), sku


def test_goods_are_an_order_for_nothing_on_the_same_road() -> None:
    row, _sku = goods_lottery(2)
    user = player()
    give_chances(row, user)
    drawn(row, user)
    assert hand_over(now=clock.now()) == 1
    order, award = Order.objects.get(), Award.objects.get()
    assert (order.total_minor, order.owner, order.state) == (0, user.public_id, "delivered")
    assert award.result == order.public_id
    use = order.promotion_uses.get()
    assert use.rule == row.public_id
    assert use.subsidy_minor == LimitCount.objects.get(key=f"promo:{row.public_id}:subsidy").used
    assert Entitlement.objects.get().owner == user.public_id
    relay_all()
    assert check_all(now=clock.now(), only="INV-") == []


def test_a_crash_between_draw_and_order_and_a_second_run_make_one_order() -> None:
    """Whatever died: the award is still there, and giving it twice gives it once."""
    row, _sku = goods_lottery(2)
    user = player()
    give_chances(row, user)
    drawn(row, user)
    award = Award.objects.get()
    gift = gift_of_award(award)
    first = give_goods(gift=gift, now=clock.now())
    assert give_goods(gift=gift, now=clock.now()) == first
    assert hand_over(now=clock.now()) == 1
    assert Order.objects.count() == 1
    award.refresh_from_db()
    assert award.result == first


def test_goods_that_are_sold_out_wait_and_come() -> None:
    row, sku = goods_lottery(1)
    user = player()
    give_chances(row, user)
    drawn(row, user)
    make_paid(sku)
    assert hand_over(now=clock.now()) == 0
    assert Award.objects.get().last_error
    import_file(sku, make_file(1))
    assert hand_over(now=clock.now() + timedelta(hours=2)) == 1
    assert Award.objects.get().state == "done"


def test_a_coupon_is_given_once_to_its_winner() -> None:
    promotion = coupon_promotion()
    prize = {"odds": 100, "kind": "coupon", "ref": promotion.public_id}
    row, user = opened(make_lottery(prize)), player()
    give_chances(row, user)
    drawn(row, user)
    gift = gift_of_award(Award.objects.get())
    assert give_coupon(gift=gift, now=clock.now()) == give_coupon(gift=gift, now=clock.now())
    assert hand_over(now=clock.now()) == 1
    coupon = Coupon.objects.get()
    assert (coupon.owner, coupon.public_id) == (user.public_id, Award.objects.get().result)
    nowhere = make_lottery({"odds": 1, "kind": "coupon", "ref": "prm_0000000000000000"})
    with pytest.raises(CannotOpen):
        opened(nowhere)


# --- proof ----------------------------------------------------------------------------------------


def verify(file: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), file.as_uri()], capture_output=True, text=True, check=False
    )


@pytest.fixture
def served(client: Client) -> tuple[Client, Lottery]:
    row, user = opened(make_lottery({"odds": 30, "stock": 2}, {"odds": 10}, whole=70)), player()
    give_chances(row, user, 12)
    for _n in range(12):
        drawn(row, user)
    return client, row


def test_the_seed_is_secret_until_the_end(served: tuple[Client, Lottery]) -> None:
    client, row = served
    said = client.get(f"/lottery/{row.slug}/proof.json").json()
    assert (said["seed"], len(said["draws"])) == ("", 12)
    assert said["commitment"] == row.commitment
    assert row.seed == ""
    finished(row)
    told = client.get(f"/lottery/{row.slug}/proof.json").json()
    seed = bytes.fromhex(told["seed"])
    keys = list(replay(seed, read_table(told["table"]), [(n, c) for n, c, _ in told["draws"]]))
    assert keys == [key for _, _, key in told["draws"]]
    assert healthy() == []


def test_a_strangers_script_of_twenty_lines_checks_every_draw(
    served: tuple[Client, Lottery], tmp_path: Path
) -> None:
    client, row = served
    assert len(SCRIPT.read_text().splitlines()) <= 20
    finished(row)
    said = client.get(f"/lottery/{row.slug}/proof.json")
    file = tmp_path / "proof.json"
    file.write_bytes(said.content)
    found = verify(file)
    assert (found.returncode, found.stdout.strip()) == (0, "good: 12 draws"), found.stderr
    proof_said = said.json()
    for doctored in doctorings(proof_said):
        file.write_text(json.dumps(doctored))
        assert verify(file).returncode != 0, doctored


def doctorings(said: dict[str, Any]) -> list[dict[str, Any]]:
    """Ways in which a shop could cheat afterwards."""
    number, client, key = said["draws"][4]
    other = "nothing" if key != "nothing" else "p0"
    draws = said["draws"]
    return [
        {**said, "draws": [*draws[:4], [number, client, other], *draws[5:]]},
        {**said, "draws": [*draws[:4], *draws[5:]]},
        {**said, "table": said["table"].replace('"odds":30', '"odds":29')},
        {**said, "seed": said["seed"][:-1] + ("0" if said["seed"][-1] != "0" else "1")},
    ]


# --- pages ----------------------------------------------------------------------------------------


def test_a_draft_is_nobodys(client: Client) -> None:
    row = make_lottery()
    for tail in ("", "proof/", "proof.json"):
        assert client.get(f"/lottery/{row.slug}/{tail}").status_code == 404


def test_the_page_works_without_script(client: Client) -> None:
    row, user = opened(make_lottery({"odds": 1, "stock": 1}, sources=("day", "share"))), player()
    address = f"/lottery/{row.slug}/"
    stranger = client.get(address)
    assert stranger.status_code == 200
    assert row.commitment in stranger.content.decode()
    assert client.post(f"{address}draw/").status_code == 302
    client.force_login(user)
    assert "1 %" in client.get(address, headers={"Accept-Language": "en"}).content.decode()
    form = {"words": "好运", "form_token": "a-token-of-this-very-form"}
    answer = client.post(f"{address}draw/", form)
    assert answer.status_code == 303
    mine = Draw.objects.get()
    assert answer["Location"] == f"{address}?drawn={mine.public_id}#play"
    assert mine.client in client.get(answer["Location"]).content.decode()
    assert mine.client in client.get(f"{address}proof/").content.decode()
    assert client.get("/lottery/").content.decode().count(address) == 2


def test_htmx_gets_the_changed_part_alone(client: Client) -> None:
    row, user = opened(make_lottery(sources=("day",))), player()
    client.force_login(user)
    form = {"words": "x", "form_token": "a-token-of-this-very-form"}
    answer = client.post(f"/lottery/{row.slug}/draw/", form, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert answer.content.decode().lstrip().startswith('<div id="play"')
    again = {**form, "form_token": "another-token-of-this-form"}
    refused = client.post(f"/lottery/{row.slug}/draw/", again, headers={"HX-Request": "true"})
    assert "note-warn" in refused.content.decode()


def test_staff_sets_up_on_one_screen_and_sees_the_check(client: Client) -> None:
    row = make_lottery({"odds": 10, "stock": 3, "cost_minor": 1000})
    client.force_login(make_staff("operator"))
    page = client.get(f"/admin/orders/lottery/{row.pk}/change/", headers={"Accept-Language": "en"})
    said = page.content.decode()
    assert page.status_code == 200
    assert "100 of 100" in said
    assert cost_of(row).worst_minor == 3000
    assert "¥30.00" in said
    for act in ("ask-to-open", "end-now"):
        assert client.get(f"/admin/orders/lottery/{row.pk}/{act}/").status_code == 200
    opened(row)
    assert client.get(f"/admin/orders/lottery/{row.pk}/change/").status_code == 200
    for name in ("lottery", "draw", "award"):
        assert client.get(f"/admin/orders/{name}/").status_code == 200


def test_the_proof_names_nobody() -> None:
    row, user = opened(make_lottery()), player()
    give_chances(row, user)
    drawn(row, user, words="my name")
    with step():
        said = json.dumps(proof(row))
    assert user.public_id not in said
    assert "my name" not in said
