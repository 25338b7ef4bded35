import re

from core.ids import PublicIdConverter, new_id, new_number, new_secret, new_token


def test_public_ids_have_eighty_bits_and_fit_the_url_converter() -> None:
    drawn = {new_id("ord") for _ in range(2000)}
    assert len(drawn) == 2000
    assert all(re.fullmatch(PublicIdConverter.regex, each) for each in drawn)


def test_every_crockford_letter_is_drawn() -> None:
    letters = set("".join(new_secret(16) for _ in range(200)))
    assert letters == set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")


def test_numbers_for_outsiders_fit_their_alphabet() -> None:
    assert re.fullmatch(r"[0-9A-Z]{24}", new_number("P"))


def test_tokens_have_128_bits() -> None:
    assert len(new_token()) == 22
    assert new_token() != new_token()
