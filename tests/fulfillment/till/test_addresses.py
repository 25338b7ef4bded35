"""Where a till may call from is written down in one spelling."""

import pytest

from fulfillment.services.redeeming.make_till import BadAddress, read_addresses


@pytest.mark.parametrize("text", ["10.0.0.0/33", "nowhere", "10.0.0.1 10.0.0.2", "::1\n" * 17])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(BadAddress):
        read_addresses(text)


def test_addresses_are_kept_in_one_spelling() -> None:
    assert read_addresses(" 10.0.0.7/24 \n\n::1") == ["10.0.0.0/24", "::1/128"]
