"""What an operator may write down and switch on, and every refusal."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from core import approvals, clock
from core.models import Approval, AuditEntry
from core.transitions import history
from orders.models import Promotion
from orders.models.promotion import Stack, Trigger
from orders.queries.promotions import live, terms_sha
from orders.services.promotions.change_promotion import UnderFloor, change_promotion, end_promotions
from orders.services.promotions.check_promotion import PromotionRefused
from orders.services.promotions.copy_promotion import copy_promotion
from orders.services.promotions.promotion_subsidy import agreed, request_subsidy
from orders.services.promotions.save_promotion import Wish, save_promotion
from tests.factories.accounts import make_staff
from tests.factories.catalog import make_sku
from tests.factories.orders import make_order, stocked
from tests.factories.promotions import fresh

pytestmark = pytest.mark.django_db
TEN_PERCENT = Wish("九折", "percent_off", {"off_bp": 1000})
BY = "user:usr_0000000000000001"


def save(wish: Wish, promotion: str | None = None) -> Promotion:
    return save_promotion(wish=wish, promotion=promotion, by=BY, now=clock.now())


def switch(row: Promotion, to: str, now: datetime | None = None) -> None:
    change_promotion(promotion=row.public_id, to=to, why="test", by=BY, now=now or clock.now())
    fresh()


def test_a_draft_is_written_down_with_its_trace() -> None:
    row = save(TEN_PERCENT)
    assert row.state == "draft"
    entry = AuditEntry.objects.get(tag="promotion:saved")
    assert entry.before is None
    assert entry.after is not None
    assert entry.after["params"] == {"off_bp": 1000}
    save(replace(TEN_PERCENT, name="八折", params={"off_bp": 2000}), row.public_id)
    entry = AuditEntry.objects.filter(tag="promotion:saved").latest("id")
    names = [told["name"] for told in (entry.before, entry.after) if told]
    assert names == ["九折", "八折"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": " "}, "name"),
        ({"kind": "lottery"}, "kind"),
        ({"params": {}}, "off_bp"),
        ({"params": {"off_bp": 10_001}}, "off_bp"),
        ({"kind": "amount_off", "params": {"steps": [[100, 0]]}}, "off"),
        ({"kind": "amount_off", "params": {"steps": []}}, "steps"),
        ({"kind": "nth_unit", "params": {"nth": 1, "off_bp": 5000}}, "nth"),
        ({"kind": "gift_with", "params": {"sku_code": "NONE"}, "stack": Stack.GIFT}, "sku_code"),
        ({"stack": Stack.GIFT}, "stack"),
        ({"goods": ["sku:NONE"]}, "goods"),
        ({"goods_left_out": ["brand:none"]}, "goods_left_out"),
        ({"channels": ["nowhere"]}, "channels"),
        ({"minimum_level": 99}, "minimum_level"),
        ({"trigger": Trigger.CODE}, "code"),
        ({"trigger": "wish"}, "trigger"),
        ({"stack": 7}, "stack"),
    ],
)
def test_what_makes_no_sense_is_refused_by_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(PromotionRefused) as refused:
        save(replace(TEN_PERCENT, **change))
    assert field in refused.value.problems
    assert not Promotion.objects.exists()


def test_an_end_before_the_start_is_refused() -> None:
    now = clock.now()
    with pytest.raises(PromotionRefused) as refused:
        save(replace(TEN_PERCENT, starts_at=now, ends_at=now - timedelta(days=1)))
    assert set(refused.value.problems) == {"ends_at"}


def test_a_code_is_given_once_whatever_its_case() -> None:
    coded = replace(TEN_PERCENT, trigger=Trigger.CODE, code="hello", stack=Stack.COUPON)
    assert save(coded).code == "HELLO"
    with pytest.raises(PromotionRefused, match="九折"):
        save(replace(coded, code="Hello"))


def test_limits_are_not_lowered_under_what_is_used() -> None:
    wish = replace(TEN_PERCENT, most_uses=5, most_minor=100_000, most_per_person=3)
    row = save(wish)
    switch(row, "live")
    sku = stocked(3)
    make_order(sku)
    make_order(sku)
    switch(row, "paused")
    with pytest.raises(PromotionRefused) as refused:
        save(replace(wish, most_uses=1, most_minor=1, most_per_person=0), row.public_id)
    assert set(refused.value.problems) == {"most_uses", "most_minor", "most_per_person"}
    save(replace(wish, most_uses=2), row.public_id)
    save(replace(wish, most_uses=None), row.public_id)


def test_what_buyers_are_promised_now_is_not_edited() -> None:
    row = save(TEN_PERCENT)
    switch(row, "live")
    with pytest.raises(PromotionRefused):
        save(TEN_PERCENT, row.public_id)


def test_the_states_it_goes_through() -> None:
    row = save(TEN_PERCENT)
    for state in ("live", "paused", "live", "ended"):
        switch(row, state)
        assert (row.public_id in live().by_id) == (state == "live")
    assert [one.became for one in history(row.public_id)] == [
        "draft", "live", "paused", "live", "ended",
    ]  # fmt: skip
    with pytest.raises(PromotionRefused):
        switch(row, "live")
    assert AuditEntry.objects.filter(tag="promotion:state").count() == 4


@pytest.mark.parametrize(
    ("kind", "params", "paid"),
    [
        ("special_price", {"unit_minor": 8999}, 8999),
        ("percent_off", {"off_bp": 1001}, 8999),
        ("percent_off", {"off_bp": 1001, "from_minor": 50_000}, 8999),
        ("amount_off", {"steps": [[10_000, 100], [50_000, 5100]]}, 8980),
        ("nth_unit", {"nth": 2, "off_bp": 2100}, 8950),
        ("several_for", {"units": 3, "price_minor": 26_000}, 8666),
    ],
)
def test_goods_under_their_floor_keep_it_off(kind: str, params: dict[str, Any], paid: int) -> None:
    sku = make_sku(price_minor=10_000, cost_minor=9000)
    make_sku(price_minor=10_000, cost_minor=1000)
    row = save(replace(TEN_PERCENT, kind=kind, params=params))
    with pytest.raises(UnderFloor) as refused:
        switch(row, "live")
    breach = refused.value.goods
    assert [(one.offer.sku_code, one.paid_minor) for one in breach] == [(sku.code, paid)]
    assert sku.code in refused.value.problems[""]
    assert Promotion.objects.get().state == "draft"
    save(
        replace(TEN_PERCENT, kind=kind, params=params, goods_left_out=[f"sku:{sku.code}"]),
        row.public_id,
    )
    switch(row, "live")
    assert Promotion.objects.get().state == "live"


def test_exactly_the_floor_is_lawful() -> None:
    make_sku(price_minor=10_000, cost_minor=9000)
    switch(save(TEN_PERCENT), "live")


def test_a_gift_is_a_sale_under_the_floor() -> None:
    gift = make_sku(price_minor=500, cost_minor=300)
    row = save(Wish("买赠", "gift_with", {"sku_code": gift.code}, stack=Stack.GIFT))
    with pytest.raises(UnderFloor):
        switch(row, "live")


def test_what_has_ended_is_not_switched_on() -> None:
    now = clock.now()
    row = save(replace(TEN_PERCENT, ends_at=now + timedelta(seconds=30)))
    with pytest.raises(PromotionRefused):
        switch(row, "live", now)


def deep(subsidy_minor: int = 5000) -> Promotion:
    sku = make_sku(price_minor=10_000, cost_minor=9000)
    return save(
        Wish(
            "六元", "special_price", {"unit_minor": 600}, stack=Stack.PRICE,
            goods=[f"sku:{sku.code}"], subsidy_minor=subsidy_minor,
        )
    )  # fmt: skip


def ask(row: Promotion) -> Approval:
    maker = make_staff("operator")
    return request_subsidy(
        promotion=row.public_id, reason="first month", by=maker.public_id, now=clock.now()
    )


def agree(approval: Approval) -> None:
    checker = make_staff("finance")
    approvals.decide(
        approval_id=approval.public_id, by=checker.public_id, agree=True, now=clock.now()
    )


def test_a_subsidy_takes_two_persons() -> None:
    row = deep()
    with pytest.raises(PromotionRefused):
        switch(row, "live")
    approval = ask(row)
    with pytest.raises(approvals.SelfApproval):
        approvals.decide(
            approval_id=approval.public_id, by=approval.maker, agree=True, now=clock.now()
        )
    agree(approval)
    row.refresh_from_db()
    assert agreed(row)
    switch(row, "live")
    assert live().by_id[row.public_id].subsidy_minor == 5000


def test_terms_changed_after_asking_are_not_agreed_to() -> None:
    row = deep()
    approval = ask(row)
    row.refresh_from_db()
    Promotion.objects.filter(pk=row.pk).update(params={"unit_minor": 1})
    with pytest.raises(approvals.StalePayload):
        agree(approval)
    row.refresh_from_db()
    assert not agreed(row)


def test_terms_changed_after_agreeing_take_the_subsidy_away() -> None:
    row = deep()
    agree(ask(row))
    row.refresh_from_db()
    wish = Wish(**{name: getattr(row, name) for name in Wish.__dataclass_fields__})
    save(replace(wish, params={"unit_minor": 1}), row.public_id)
    row.refresh_from_db()
    assert row.subsidy_sha != terms_sha(row)
    with pytest.raises(PromotionRefused):
        switch(row, "live")


def test_there_must_be_a_subsidy_to_ask_for() -> None:
    with pytest.raises(PromotionRefused):
        ask(save(TEN_PERCENT))


def test_who_may_not_ask_is_refused() -> None:
    row = deep()
    auditor = make_staff("auditor")
    with pytest.raises(approvals.NotAllowed):
        request_subsidy(promotion=row.public_id, reason="x", by=auditor.public_id, now=clock.now())


def test_dates_end_it_by_themselves() -> None:
    now = clock.now()
    ending = save(replace(TEN_PERCENT, ends_at=now + timedelta(hours=1)))
    staying = save(replace(TEN_PERCENT, name="一直", ends_at=now + timedelta(hours=3)))
    for row in (ending, staying):
        switch(row, "live", now)
    assert end_promotions(now=now + timedelta(hours=2)) == 1
    assert end_promotions(now=now + timedelta(hours=2)) == 0
    assert {row.name: row.state for row in Promotion.objects.order_by("id")} == {
        "九折": "ended", "一直": "live",
    }  # fmt: skip


def test_once_more_is_a_draft_without_dates_and_with_another_code() -> None:
    now = clock.now()
    coded = replace(
        TEN_PERCENT, trigger=Trigger.CODE, code="MAY", stack=Stack.COUPON, starts_at=now,
        ends_at=now + timedelta(days=1),
    )  # fmt: skip
    copy = copy_promotion(promotion=save(coded).public_id, by=BY, now=now)
    assert (copy.state, copy.code, copy.starts_at, copy.ends_at) == ("draft", "MAY2", None, None)
    assert copy.params == {"off_bp": 1000}
