import base64
import os
from typing import Any

import pytest

from core import crypto
from core.models import DataKey

pytestmark = pytest.mark.django_db


def test_a_sealed_value_opens_in_its_place() -> None:
    blob = crypto.seal("卡密 7QMK", context="code:sealed:1")
    assert b"7QMK" not in blob
    assert crypto.unseal(blob, context="code:sealed:1").reveal() == "卡密 7QMK"


def test_a_value_moved_to_another_row_does_not_open() -> None:
    blob = crypto.seal("secret", context="code:sealed:1")
    with pytest.raises(crypto.CannotUnseal):
        crypto.unseal(blob, context="code:sealed:2")


@pytest.mark.parametrize("position", [0, 1, 4, 5, 16, 17, -1])
def test_every_class_of_flipped_byte_is_refused(position: int) -> None:
    blob = bytearray(crypto.seal("secret", context="a:b:c"))
    blob[position] ^= 1
    with pytest.raises(crypto.CannotUnseal):
        crypto.unseal(bytes(blob), context="a:b:c")


@pytest.mark.parametrize("blob", [b"", b"\x01", b"\x01" + b"\x00" * 16])
def test_what_was_never_sealed_is_refused(blob: bytes) -> None:
    with pytest.raises(crypto.CannotUnseal):
        crypto.unseal(blob, context="a:b:c")


def test_equal_texts_do_not_seal_alike() -> None:
    assert crypto.seal("x", context="a:b:c") != crypto.seal("x", context="a:b:c")


def test_secret_does_not_print_itself() -> None:
    opened = crypto.unseal(crypto.seal("7QMK-2XHD", context="a:b:c"), context="a:b:c")
    assert "7QMK" not in f"{opened} {opened!r} {[opened]}"


def test_a_retired_key_opens_nothing() -> None:
    blob = crypto.seal("x", context="a:b:c")
    DataKey.objects.filter(pk=crypto.sealed_under(blob)).update(state=DataKey.State.RETIRED)
    crypto.forget_keys()
    with pytest.raises(crypto.CannotUnseal):
        crypto.unseal(blob, context="a:b:c")


def test_data_keys_are_useless_without_the_key_that_wraps_them(settings: Any) -> None:
    row = DataKey.objects.get(state=DataKey.State.ACTIVE)
    settings.QUANYI_KEYS = "other:" + base64.b64encode(os.urandom(32)).decode()
    with pytest.raises(crypto.CannotUnseal):
        crypto.unwrap(row.kek_id, bytes(row.wrapped))


def test_blind_index_depends_on_purpose_text_and_key(settings: Any) -> None:
    one = crypto.blind_index("phone", "+8613800138000")
    assert one == crypto.blind_index("phone", "+8613800138000")
    assert one != crypto.blind_index("mail", "+8613800138000")
    settings.QUANYI_INDEX_KEY = base64.b64encode(os.urandom(32)).decode()
    assert one != crypto.blind_index("phone", "+8613800138000")
