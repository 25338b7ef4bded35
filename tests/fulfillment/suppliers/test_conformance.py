"""The conformance suite over every dialect of ours, and over every recipe that B may be set to."""

from pathlib import Path

from fulfillment.suppliers.registry import adapters
from tests.fulfillment.suppliers.conformance import Conformance
from tests.fulfillment.suppliers.kits import A, C, kit_b

__all__ = ["A", "C", "kit_b"]


class TestRestHmac(Conformance):
    kit = C


class TestGatewayMd5(Conformance):
    kit = A


class TestFormMd5(Conformance):
    kit = kit_b()


class TestFormMd5Gbk(Conformance):
    kit = kit_b(tail="&", charset="gbk", ack="ok")


class TestFormMd5Xml(Conformance):
    kit = kit_b(tail="none", charset="gbk", upper=True, codec="xml")


def test_every_adapter_of_ours_is_in_the_suite() -> None:
    here = Path(__file__).parent
    ours = (here / "kits.py").read_text("utf-8")
    suites = [path.read_text("utf-8") for path in here.rglob("*/test_*.py")]
    for name, adapter in adapters().items():
        if type(adapter).__module__.startswith("fulfillment."):
            said = f'dialect="{name}"'
            assert said in ours or any(said in text and "Conformance" in text for text in suites)
