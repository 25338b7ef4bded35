"""The shop speaks Chinese completely, and its catalogs are sound."""

import pytest
from babel.messages.catalog import Catalog

from tests.architecture.messages import Message, catalogs, messages, translated, untranslated


def test_every_sentence_has_a_chinese_one() -> None:
    assert [f"{each.place}: {each.text!r}" for each in untranslated()] == []


def test_sentences_are_found_at_all() -> None:
    found = list(messages())
    places = {each.place.split(":")[0] for each in found}
    assert "config/handlers.py" in places
    assert any(place.endswith(".html") for place in places)
    assert Message("x:1", "never written anywhere").text not in {text for _, text in translated()}


@pytest.mark.parametrize("name", sorted(catalogs()))
def test_placeholders_agree(name: str) -> None:
    catalog: Catalog = catalogs()[name]
    wrong = [f"{message.id}: {error}" for message, errors in catalog.check() for error in errors]
    assert wrong == []


@pytest.mark.parametrize("name", sorted(catalogs()))
def test_nothing_is_fuzzy(name: str) -> None:
    assert [message.id for message in catalogs()[name] if message.id and message.fuzzy] == []


def test_a_sentence_has_one_chinese_wherever_it_stands() -> None:
    """Django reads all catalogs as one: of two that differ, one is never shown. Contexts tell them apart."""
    found: dict[tuple[str, str], dict[str, set[str]]] = {}
    for name, catalog in catalogs().items():
        for message in catalog:
            if message.id:
                text = message.id[0] if isinstance(message.id, tuple | list) else message.id
                said = found.setdefault((message.context or "", text), {})
                said.setdefault(str(message.string), set()).add(name.split("/")[0])
    assert len(found) > 1000
    assert {key: said for key, said in found.items() if len(said) > 1} == {}
