"""Known answers of dialects A and B, in the adapter and in the simulator (C22)."""

import json
from pathlib import Path
from typing import Any

import pytest

from core.crypto import CannotOpen
from fulfillment.suppliers.form_md5.signing import Recipe
from fulfillment.suppliers.gateway_md5 import signing as ours_a
from simulators.supplier_a import signing as theirs_a
from simulators.supplier_b.signing import Recipe as TheirRecipe

PROTOCOLS = Path(__file__).resolve().parents[3] / "docs/protocols"
A: dict[str, Any] = json.loads((PROTOCOLS / "supplier_a.vectors.json").read_text("utf-8"))
B: dict[str, Any] = json.loads((PROTOCOLS / "supplier_b.vectors.json").read_text("utf-8"))


@pytest.mark.parametrize("vector", A["replies"], ids=lambda v: v["name"])
def test_c22_signature_of_a(vector: dict[str, str]) -> None:
    assert ours_a.sign_text(vector["result"], vector["secret"]) == vector["sign"]
    assert theirs_a.sign_text(vector["result"], vector["secret"]) == vector["sign"]
    assert ours_a.is_genuine(vector["result"], vector["sign"].upper(), vector["secret"])
    assert not ours_a.is_genuine(vector["result"] + "x", vector["sign"], vector["secret"])


@pytest.mark.parametrize("vector", A["cards"], ids=lambda v: v["name"])
def test_c22_cards_of_a(vector: dict[str, str]) -> None:
    assert ours_a.open_card(vector["sealed"], vector["secret"]) == vector["text"]
    assert theirs_a.seal_card(vector["text"], vector["secret"]) == vector["sealed"]
    for secret in (vector["secret"][::-1], vector["secret"][:31], ""):
        with pytest.raises(CannotOpen):
            ours_a.open_card(vector["sealed"], secret)


@pytest.mark.parametrize("vector", A["permutations"], ids=lambda v: v["name"])
def test_c22_the_known_weakness_of_a(vector: dict[str, Any]) -> None:
    """Two different messages, one signature: why nothing is believed for its signature alone."""
    one, two = (ours_a.sign_text(text, "s") for text in vector["texts"])
    assert vector["texts"][0] != vector["texts"][1]
    assert one == two


@pytest.mark.parametrize("vector", B["signatures"], ids=lambda v: v["name"])
def test_c22_signature_of_b(vector: dict[str, Any]) -> None:
    kept = {name: vector[name] for name in ("tail", "charset", "upper")}
    for recipe in (Recipe(**kept), TheirRecipe(**kept)):
        assert recipe.text(vector["fields"], vector["secret"]) == vector["text"]
        assert recipe.sign(vector["fields"], vector["secret"]) == vector["sign"]
    ours = Recipe(**kept)
    assert ours.is_genuine(vector["fields"], vector["sign"].swapcase(), vector["secret"])
    altered = {**vector["fields"], "num": "7", "body": "other"}
    assert not ours.is_genuine(altered, vector["sign"], vector["secret"])


@pytest.mark.parametrize("vector", B["data"], ids=lambda v: v["charset"])
def test_c22_data_of_b(vector: dict[str, Any]) -> None:
    for recipe in (Recipe(charset=vector["charset"]), TheirRecipe(charset=vector["charset"])):
        assert recipe.pack(vector["data"]) == vector["packed"]
        assert recipe.unpack(vector["packed"]) == vector["data"]
