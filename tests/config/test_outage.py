"""The shop is back within seconds of its database, however long that was away."""

import time

from launcher.shop import answers
from tests.house import House

AWAY_SECONDS = 10
# A pool that had backed off would ask again after eight seconds; each try here takes a quarter at least.
MOST_TRIES = 16
IN_A_ROW = 10


def test_the_shop_returns_soon_after_a_long_outage(house: House) -> None:
    address = f"{house.url}/health/?format=text"
    assert all(answers(address) for _ in range(IN_A_ROW))
    house.stop_part("postgres")
    until = time.monotonic() + AWAY_SECONDS
    while time.monotonic() < until:
        assert not answers(address)
        time.sleep(0.5)
    house.start_part("postgres")
    bad = good = 0
    while good < IN_A_ROW:
        if answers(address):
            good += 1
            continue
        good, bad = 0, bad + 1
        assert bad < MOST_TRIES
        time.sleep(0.25)
