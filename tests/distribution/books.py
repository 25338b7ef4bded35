"""Both sides beside each other: the marketplace's truth log and our books."""

from core import clock
from core.invariants import check_all
from distribution.marketplaces.asked import Asked, read_order
from distribution.models import MarketOrder
from distribution.models.marketorder import MarketKind
from fulfillment.models import Code, CodeIssue
from fulfillment.services.reveal import open_code
from orders.models import Order
from simulators.marketplace.script import Buyer


def assert_sound() -> None:
    assert [str(violation) for violation in check_all(now=clock.now(), grace=1)] == []


def codes_sold(number: str = "") -> set[tuple[str, str]]:
    """The codes we issued to the marketplace's orders, opened by the vault itself."""
    rows = MarketOrder.objects.exclude(order="")
    orders = rows.filter(number=number) if number else rows
    issued = CodeIssue.objects.filter(delivery__reference__in=orders.values("order"))
    codes = Code.objects.filter(pk__in=issued.values("code_id"))
    opened = [open_code(code.pk, code.sealed, code.expires_on) for code in codes]
    return {(card.number, card.secret) for card in opened}


def assert_books_agree(buyer: Buyer, numbers: set[str]) -> None:
    """Each order of theirs is one of ours, ended alike, at the same price, with the same codes."""
    theirs = {row["number"]: row for row in buyer.truth()["orders"] if row["number"] in numbers}
    ours = {row.number: row for row in MarketOrder.objects.filter(number__in=numbers)}
    assert theirs.keys() == ours.keys() == numbers
    for number, row in ours.items():
        told = theirs[number]
        charged = row.total_minor - row.credited_minor
        assert told["status"] == {"done": "0", "accepted": "1"}.get(row.state, "2"), number
        if row.state == "done":
            assert told["price"] == f"{charged / 100:.2f}"
            assert told["success"] == row.delivered
        orders = Order.objects.filter(
            attribution=f"jd:{number}", state__in=["delivered", "partially_delivered"]
        )
        assert orders.count() == (row.state == "done")
        assert buyer.cards(number) <= codes_sold(number)


def asked_for(data: dict[str, object], *, direct: bool = False) -> Asked:
    """An order as it comes out of a call."""
    return read_order(MarketKind.DIRECT if direct else MarketKind.CARD, data)
