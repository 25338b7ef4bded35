"""The conformance suite over every dialect of ours, and over every recipe that B may be set to."""

from pathlib import Path
from typing import Any

from fulfillment.suppliers.registry import adapters
from tests.fulfillment.suppliers.conformance import Conformance, Kit

#: C's answers carry no cards that could be spoiled on the line; tests/…/test_reading.py does that.
C = Kit(dialect="rest_hmac", simulator="supplier_c", odd_cards=())
#: An answer of A carries neither a nonce nor a time.
A = Kit(
    dialect="gateway_md5",
    simulator="supplier_a",
    cannot_tell=frozenset({"wrong_nonce", "stale_reply"}),
    odd_cards=("none", "wrong_key", "bad_padding", "gbk", "bom", "empty", "blank", "not_base64",
               "half"),
)  # fmt: skip
PLAIN: dict[str, Any] = {"tail": "&key=", "charset": "utf-8", "upper": False, "codec": "json",
                         "ack": "success"}  # fmt: skip


def kit_b(**recipe: Any) -> Kit:
    """Dialect B set to a recipe on both sides."""
    options = {**recipe, **({"charset": "GBK"} if recipe.get("charset") == "gbk" else {})}
    return Kit(
        dialect="form_md5",
        simulator="supplier_b",
        options=options,
        cannot_tell=frozenset({"wrong_nonce"}),
        odd_cards=("none", "empty", "blank", "bom", "half"),
        prepare={"recipe": {**PLAIN, **recipe}},
    )


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
    suites = [path.read_text("utf-8") for path in here.rglob("test_*.py")]
    for name, adapter in adapters().items():
        if type(adapter).__module__.startswith("fulfillment."):
            assert any(f'dialect="{name}"' in text and "Conformance" in text for text in suites)
