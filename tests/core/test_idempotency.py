import threading

import pytest
from django.db import connections

from core import clock, idempotency
from core.tx import step


def _do(key: str, body: str = "h", effect: list[str] | None = None) -> object:
    with step():
        claim = idempotency.claim(scope="test", key=key, body_hash=body, now=clock.now())
        if claim.new:
            if effect is not None:
                effect.append(key)
            idempotency.finish(claim, {"answer": 42})
            return {"answer": 42}
        return claim.response


def test_the_first_answer_is_replayed(committed: None) -> None:
    effect: list[str] = []
    assert [_do("k", effect=effect) for _ in range(3)] == [{"answer": 42}] * 3
    assert effect == ["k"]


def test_another_body_under_the_same_key_is_refused(committed: None) -> None:
    _do("k")
    with pytest.raises(idempotency.KeyReused):
        _do("k", body="other")


def test_a_claim_without_an_answer_is_still_running(committed: None) -> None:
    with step():
        idempotency.claim(scope="test", key="k", body_hash="h", now=clock.now())
    with pytest.raises(idempotency.StillRunning):
        _do("k")


def test_many_at_once_have_one_effect(committed: None) -> None:
    effect: list[str] = []
    answers: list[object] = []

    def run() -> None:
        answers.append(_do("k", effect=effect))
        connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(effect), answers) == (1, [{"answer": 42}] * 16)
