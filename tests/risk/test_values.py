"""One spelling for every value, or a message for people."""

import pytest

from risk.values import NotAValue, masked, normal, value_index


@pytest.mark.parametrize(
    ("kind", "text", "spelled"),
    [
        ("phone", " 138 0013-8000 ", "+8613800138000"),
        ("phone", "+86 13800138000", "+8613800138000"),
        ("phone", "+1 650 253 0000", "+16502530000"),
        ("mail", " Ada@Example.COM ", "ada@example.com"),
        ("ip", "2001:DB8:0::1", "2001:db8::1"),
        ("ip", "::ffff:10.0.0.1", "10.0.0.1"),
        ("network", "203.0.113.77/24", "203.0.113.0/24"),
    ],
)
def test_spelling(kind: str, text: str, spelled: str) -> None:
    assert normal(kind, text) == spelled


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("phone", "12345"),
        ("phone", "abc"),
        ("phone", "9" * 300),
        ("phone", ""),
        ("mail", "a@b"),
        ("mail", "a b@c.de"),
        ("ip", "300.1.1.1"),
        ("network", "0.0.0.0/0"),
        ("network", "::/0"),
    ],
)
def test_refused(kind: str, text: str) -> None:
    with pytest.raises(NotAValue):
        normal(kind, text)


def test_indexes_differ_by_kind_and_say_nothing() -> None:
    assert value_index("phone", "+8613800138000") != value_index("mail", "+8613800138000")
    assert masked("phone", "+8613800138000") == "138****8000"
    assert masked("ip", "203.0.113.9") == "203.0.*.*"
