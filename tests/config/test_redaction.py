"""Secrets never reach a log line."""

from config.redaction import MASK, redact, redact_text


def test_phone_numbers_lose_their_middle() -> None:
    assert redact_text("top up 13812345678 now") == "top up 138****5678 now"
    assert redact_text("+86 138 1234 5678".replace(" ", "")) == "138****5678"


def test_query_tokens_and_bearers_are_masked() -> None:
    assert redact_text("/orders/ord_1/?t=abcDEF&x=1") == f"/orders/ord_1/?t={MASK}&x=1"
    assert "s3cr3t" not in redact_text("Authorization: Bearer s3cr3t.value")


def test_keys_by_name_and_nesting() -> None:
    event = redact(
        None,
        "info",
        {"event": "e", "password": "p", "payload": {"card_no": "1", "deep": [{"token": "t"}]}},
    )
    assert event["password"] == MASK
    assert event["payload"] == {"card_no": MASK, "deep": [{"token": MASK}]}
    assert event["event"] == "e"


def test_private_keys_are_masked() -> None:
    begin, end = "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----"
    assert redact_text(f"{begin}\nMIIE\n{end}") == MASK
