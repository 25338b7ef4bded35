"""The house that fault tests live in really falls and rises."""

import urllib.request
from http import HTTPStatus

from tests.house import PARTS, SERVERS, House


def test_every_part_answers_and_can_be_killed_and_started(house: House) -> None:
    assert all(house.is_up(name) for name in (*PARTS, *SERVERS))
    for name in ("web", "postgres", "valkey", "worker"):
        house.kill(name)
        assert not house.is_up(name)
        house.start_part(name)
    with urllib.request.urlopen(f"{house.url}/health/?format=text", timeout=10) as reply:
        assert reply.status == HTTPStatus.OK
    assert house.sql("select current_user", as_owner=False) == [("quanyi_app",)]


def test_invariants_hold_in_an_empty_house(house: House) -> None:
    assert house.manage("check_invariants") is not None
