"""The daily bill: complete, signed, and wrong only where a script planted it."""

import csv
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from simulators import breaks
from simulators.clock import SHANGHAI
from simulators.localpay.merchant import Merchant
from simulators.localpay.script import Gateway
from simulators.process import Simulator
from tests.simulators.conftest import localpay_options, merchant_of
from tests.simulators.numbers import number

PAYMENTS = 60


@pytest.fixture
def billed(tmp_path: Path, merchant_pem: Path) -> Iterator[tuple[Gateway, Merchant]]:
    """A gateway of its own, with sixty payments and three refunds."""
    with Simulator("localpay", state=tmp_path, options=localpay_options(merchant_pem)) as sim:
        gateway, merchant = Gateway(sim.url), merchant_of(sim.url)
        codes = [number() for _ in range(PAYMENTS)]
        for code in codes:
            url = merchant.link(code, notify_url="http://127.0.0.1:9/")
            gateway.pay(code, url=url, wait=0)
        for code in codes[:3]:
            merchant.refund(code, number(), 100)
        yield gateway, merchant


def today(shift: int = 0) -> str:
    return (datetime.now(SHANGHAI) + timedelta(days=shift)).strftime("%Y-%m-%d")


def lines(merchant: Merchant, day: str) -> list[dict[str, str]]:
    answer = merchant.bill(day)
    assert (answer.status, answer.genuine) == (200, True)
    return list(csv.DictReader(answer.body.decode().splitlines()))


def test_says_what_happened(billed: tuple[Gateway, Merchant]) -> None:
    gateway, merchant = billed
    found = lines(merchant, today())
    assert Counter(line["type"] for line in found) == {"PAYMENT": PAYMENTS, "REFUND": 3}
    truth = gateway.truth()
    received = sum(int(line["amount_minor"]) for line in found if line["type"] == "PAYMENT")
    assert received == truth["received_minor"]["CNY"] == PAYMENTS * 9850
    assert sum(int(line["fee_minor"]) for line in found) == truth["fees_minor"]["CNY"]
    assert lines(merchant, today(-1)) == lines(merchant, today(1)) == []
    assert merchant.bill("2026-02-30").code == "BAD_REQUEST"


def test_planted_breaks_are_the_only_ones(billed: tuple[Gateway, Merchant]) -> None:
    """Every difference between true lines and bill is in the list, and the list is complete."""
    gateway, merchant = billed
    true = {line["txn"] + line["refund_txn"]: line for line in lines(merchant, today())}
    planted = gateway.bill_breaks(today(), count=50, seed=3)
    assert Counter(row["kind"] for row in planted).keys() == set(breaks.KINDS)
    found = lines(merchant, today())
    seen = Counter(line["txn"] + line["refund_txn"] for line in found)
    differences = {f"missing:{key}" for key in true if key not in seen}
    differences |= {f"duplicate:{key}" for key, count in seen.items() if count > 1}
    for line in found:
        key = line["txn"] + line["refund_txn"]
        if key not in true:
            differences.add(f"extra:{key}")
            continue
        names = [name for name in line if line[name] != true[key][name]]
        differences |= {f"{name}:{key}" for name in names}
    assert len(differences) == 50
    kinds = Counter(row["kind"] for row in planted)
    got = Counter(text.split(":")[0] for text in differences)
    assert got["missing"] == kinds["missing"] + kinds["timing"]
    assert (got["amount_minor"], got["fee_minor"]) == (kinds["amount"], kinds["fee"])
    assert (got["type"], got["duplicate"]) == (kinds["type"], kinds["duplicate"])
    assert got["extra"] == kinds["extra"]
    assert len(lines(merchant, today(1))) == kinds["timing"]
    assert gateway.truth()["bill_breaks"] == [
        {**row, "id": at} for at, row in enumerate(planted, start=1)
    ]


def test_in_gbk(billed: tuple[Gateway, Merchant]) -> None:
    gateway, merchant = billed
    gateway.control("bill_charset", charset="gbk")
    answer = merchant.bill(today())
    assert answer.headers["content-type"] == "text/csv; charset=gbk"
    assert answer.genuine
