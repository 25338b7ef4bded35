"""The demo's group buy: a month of video for three who come together, above the floor.

Two shoppers sit in a group already and have paid from their balance: whoever tries the shop can
complete it.
"""

from datetime import datetime, timedelta

from accounts.models import User
from accounts.queries import verified_contacts
from catalog.models import Sku
from catalog.queries import default_channel, offer
from core import approvals
from core.ids import new_token
from demo.offers import staff_of
from demo.people import SHOPPERS, find
from orders.models import BuyGroup, GroupBuy
from orders.queries.balance import balance_of
from orders.queries.group_buys import open_groups
from orders.services.balance.correct_balance import request_balance_correction
from orders.services.find_rules import Buyer
from orders.services.groups.group_rule import group_rule, seconds_to_pay
from orders.services.groups.run_group_buy import NotStartable, start_group_buy
from orders.services.limit_reached import LimitReached
from orders.services.place_order import NotBuyable, PriceChanged, Refused, Wanted, place_order
from orders.services.quote import Item, quote
from orders.services.start_payment import pay_address
from orders.states import GroupBuyState
from risk.values import value_index

SKU, SLUG = "IQY-GOLD-M", "video-month-together"
SIZE, HOURS, DAYS = 3, 72, 30
PHONES = ("13800138021", "13800138022")
TERMS_VERSION = "demo"


def open_group_buy(*, now: datetime) -> str:
    """Switch it on once, and see that a group is open; says in a few words what it did."""
    done = _switch_on(now)
    buy = GroupBuy.objects.filter(slug=SLUG, state=GroupBuyState.LIVE, ends_at__gt=now).first()
    if buy is None or open_groups(buy, now):
        return done
    group = None
    for person, phone in zip(SHOPPERS, PHONES, strict=True):
        user = find(person)
        if user is not None and _sit_down(user, phone, buy, group, now):
            group = next(iter(open_groups(buy, now)), None)
    return f"{done}, {group.paid if group else 0} have paid"


def _switch_on(now: datetime) -> str:
    found = offer(SKU, default_channel(), now)
    if found is None or GroupBuy.objects.filter(slug=SLUG).exists():
        return "nothing new"
    # Half of what is between the floor and the usual price.
    buy = GroupBuy.objects.create(
        slug=SLUG, name="黄金会员三人拼团", name_en="Gold month, three together",
        sku=Sku.objects.get(code=SKU), price_minor=(found.unit_minor + found.floor_minor) // 2,
        size=SIZE, hours=HOURS, per_person=3, starts_at=now, ends_at=now + timedelta(days=DAYS),
        state_at=now, created_at=now, created_by="system",
    )  # fmt: skip
    try:
        start_group_buy(buy=buy.public_id, by="system", now=now)
    except NotStartable as no:
        return f"a draft ({no.reason})"
    return f"for {SIZE}"


def _sit_down(user: User, phone: str, buy: GroupBuy, group: BuyGroup | None, now: datetime) -> bool:
    """A seat, paid from the balance; False in a shop that has other goods, people or limits now."""
    try:
        _fill_balance(user, buy.price_minor, now)
        placed = place_order(wanted=_wanted(user, phone, buy, group, now), now=now, acting="system")
    except (approvals.NotAllowed, LimitReached, NotBuyable, PriceChanged, Refused):
        return False
    if placed.page.amount_minor:
        return False
    pay_address(placed.page, now=now)
    return True


def _fill_balance(user: User, amount_minor: int, now: datetime) -> None:
    """Two persons give what a seat costs, so that what was there before stays as it was."""
    maker, checker = staff_of("operator"), staff_of("finance")
    if maker is None or checker is None:
        return
    asked = request_balance_correction(
        owner=user.public_id, amount_minor=amount_minor, reason="体验拼团", by=maker.public_id,
        now=now,
    )  # fmt: skip
    approvals.decide(approval_id=asked.public_id, by=checker.public_id, agree=True, now=now)


def _wanted(user: User, phone: str, buy: GroupBuy, group: BuyGroup | None, now: datetime) -> Wanted:
    """As the page of the group asks for it (orders/views/group_showing.py)."""
    channel, contact = default_channel(), verified_contacts(user)[0]
    items = [Item(buy.sku.code, 1, {"phone": phone})]
    index = value_index(contact.kind, contact.value)
    buyer = Buyer(user.public_id, 0, user.pk, index)
    until = group.deadline if group else None
    rule = group_rule(buy, identities=buyer.identities, until=until)
    priced = quote(items=items, channel=channel, buyer=buyer, now=now, rules=[rule])
    return Wanted(
        channel=channel, items=items, contact_kind=contact.kind, contact=contact.value,
        form_token=new_token(), provider="localpay", language="zh-hans",
        terms_version=TERMS_VERSION, consent=True, ip="", shown=priced.fingerprint,
        user_id=user.pk, owner=user.public_id, rules=(rule,), promotions=False,
        balance_minor=min(priced.total_minor, balance_of(user.public_id)),
        group=group.public_id if group else "",
        hold_seconds=seconds_to_pay(group.deadline, now) if group else None,
    )  # fmt: skip
