"""One order of an outside channel from call to result, over real sockets."""

from urllib.parse import parse_qsl

from core import clock, ledger
from core.invariants import check_all
from core.models import AuditEntry
from distribution.models import MarketOrder, MarketPush
from distribution.services.push_results import push_results
from fulfillment.models import Code
from fulfillment.suppliers.base import Verdict
from fulfillment.suppliers.form_md5.signing import Recipe
from orders.models import Order
from tests.factories.markets import make_place, purchase
from tests.factories.orders import relay_all, stocked
from tests.simulators.receiver import Receiver


def sound() -> None:
    assert [str(violation) for violation in check_all(now=clock.now(), grace=1)] == []


def test_a_code_is_ordered_delivered_fetched_and_told(shop_url: str, ear: Receiver) -> None:
    place = make_place(url=shop_url, callback_url=ear.url)
    sku = stocked(3)
    asked = purchase(sku, 2)

    placed = place.order(asked)
    assert placed.verdict is Verdict.SUCCEEDED, placed
    assert placed.cost_minor == 2 * 9850
    row = MarketOrder.objects.get()
    ours = Order.objects.get(public_id=row.order)
    assert (row.state, ours.state, ours.channel_code) == ("done", "delivered", "jd")
    assert ours.attribution == f"jd:{asked.merchant_no}"
    assert ledger.balance("channel_account:jd") == 2 * 9850

    heard = place.query(asked)
    assert heard.verdict is Verdict.SUCCEEDED
    assert len({code.secret for code in heard.codes}) == 2
    assert Code.objects.filter(state="sold", channel="jd").count() == 2
    looks = AuditEntry.objects.filter(tag="codes:revealed", by="channel:jd")
    assert looks.count() == 2

    relay_all()
    assert push_results(now=clock.now()) == 1
    told = dict(parse_qsl(ear.got[0].body.decode()))
    assert (told["orderNo"], told["orderStatus"]) == (asked.merchant_no, "0")
    signed = {name: told[name] for name in ("customerId", "orderNo", "orderStatus", "timestamp")}
    assert Recipe().is_genuine(signed, told["sign"], place.secret)
    assert MarketPush.objects.get().state == "acknowledged"
    sound()
