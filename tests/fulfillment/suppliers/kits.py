"""The kits of our own dialects, and B set to any recipe on both sides."""

from typing import Any

from tests.fulfillment.suppliers.suite.kit import Kit

#: B and C send cards in clear under their signature: only A has a cipher whose key or padding may be wrong.
CLEAR = ("none", "empty", "blank", "bom", "half")
C = Kit(dialect="rest_hmac", simulator="supplier_c", odd_cards=CLEAR)
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
        odd_cards=CLEAR,
        prepare={"recipe": {**PLAIN, **recipe}},
    )
