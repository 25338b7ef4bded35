"""Random carts and rules for the engine."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from orders.promotions.rules.registry import read_terms
from orders.promotions.values import Cart, Facts, Group, Line, Rule, Scope, Who

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SKUS = ("S1", "S2", "S3", "S4")
NAMES = (*(f"sku:{sku}" for sku in SKUS), "category:video", "category:food", "brand:iqiyi")


@st.composite
def lines(draw: st.DrawFn) -> list[Line]:
    number = draw(st.integers(1, 6))
    made = []
    for place in range(number):
        unit = draw(st.integers(0, 20_000))
        made.append(
            Line(
                key=f"{draw(st.sampled_from(SKUS))}:{place}",
                names=frozenset(draw(st.sets(st.sampled_from(NAMES), min_size=1, max_size=3))),
                quantity=draw(st.integers(1, 7)),
                unit_minor=unit,
                floor_minor=draw(st.integers(0, unit)),
            )
        )
    return made


money = st.integers(0, 30_000)
some = st.integers(1, 30_000)
share = st.integers(1, 10_000)
TERMS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "special_price": st.fixed_dictionaries({"unit_minor": money}),
    "percent_off": st.fixed_dictionaries(
        {"off_bp": share, "from_minor": money, "most_minor": st.none() | some}
    ),
    "amount_off": st.one_of(
        st.dictionaries(money, some, min_size=1, max_size=4).map(
            lambda steps: {"steps": [[start, off] for start, off in steps.items()]}
        ),
        st.tuples(some, some).map(lambda step: {"steps": [list(step)], "again": True}),
    ),
    "nth_unit": st.fixed_dictionaries(
        {"nth": st.integers(2, 4), "off_bp": share, "times": st.integers(0, 3)}
    ),
    "several_for": st.fixed_dictionaries(
        {"units": st.integers(2, 4), "price_minor": money, "times": st.integers(0, 3)}
    ),
    "gift_with": st.fixed_dictionaries(
        {
            "sku_code": st.just("GIFT"), "from_minor": money, "list_minor": some,
            "floor_minor": st.integers(0, 3000),
        }
    ),
    "points": st.fixed_dictionaries(
        {"points": st.integers(0, 5000), "minor_per_point": st.integers(1, 10), "most_bp": share}
    ),
}  # fmt: skip
GROUPS = {
    "special_price": (Group.PRICE,), "percent_off": (Group.PRICE, Group.ITEM, Group.COUPON),
    "amount_off": (Group.ORDER, Group.COUPON), "nth_unit": (Group.ITEM,),
    "several_for": (Group.ITEM,), "gift_with": (Group.GIFT,), "points": (Group.TENDER,),
}  # fmt: skip


@st.composite
def rules(draw: st.DrawFn, *, most: int = 6) -> list[Rule]:
    made = []
    for place in range(draw(st.integers(0, most))):
        kind = draw(st.sampled_from(sorted(TERMS)))
        names = st.sets(st.sampled_from(NAMES), max_size=2).map(frozenset)
        made.append(
            Rule(
                id=f"pro_{place}",
                group=draw(st.sampled_from(GROUPS[kind])),
                terms=read_terms(kind, draw(TERMS[kind])),
                scope=Scope(draw(names), draw(st.just(frozenset()) | names)),
                who=Who(
                    channels=draw(st.sampled_from([frozenset(), frozenset({"main"})])),
                    minimum_level=draw(st.sampled_from([0, 0, 2])),
                    first_order=draw(st.booleans()),
                ),
                ends_at=draw(st.sampled_from([None, None, NOON, NOON + timedelta(days=1)])),
                priority=draw(st.integers(0, 2)),
                alone=draw(st.sampled_from([False, False, False, True])),
                left_minor=draw(st.none() | money),
                subsidy_minor=draw(st.just(0) | money),
                funded=kind == "points",
            )
        )
    return made


facts = st.builds(
    Facts,
    channel=st.sampled_from(["main", "live"]),
    at=st.just(NOON),
    user=st.sampled_from(["", "usr_1"]),
    level=st.sampled_from([0, 2]),
    first_order=st.booleans(),
)
carts = st.builds(Cart, lines(), facts, rules())
