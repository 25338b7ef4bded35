"""Steps and parts: who opens a transaction is never an accident.

A *step* opens the outermost transaction and raises when nested, so that what it says is done is
committed. A *part* only runs inside one. Between steps there is no transaction, which is where
network calls belong.
"""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import connection, transaction
from django.db.transaction import Atomic

P = ParamSpec("P")
R = TypeVar("R")


class NotInStep(RuntimeError):
    """A part was called outside a transaction."""


class InTransaction(RuntimeError):
    """Slow or outside work was attempted inside a transaction."""


def step() -> Atomic:
    """The outermost transaction; `with step():` or `@step()`. Raises RuntimeError when nested."""
    return transaction.atomic(durable=True)


def part(function: Callable[P, R]) -> Callable[P, R]:
    """Mark a function as a part: it raises NotInStep outside a transaction."""

    @wraps(function)
    def inside(*args: P.args, **kwargs: P.kwargs) -> R:
        if not connection.in_atomic_block:
            raise NotInStep(f"{function.__qualname__} needs a surrounding step")
        return function(*args, **kwargs)

    return inside


def on_commit(function: Callable[[], object]) -> None:
    """Run after the surrounding commit, at once without one; errors are logged, not raised."""
    transaction.on_commit(function, robust=True)


def in_transaction() -> bool:
    """Whether a real transaction is open (one that a test case wraps around does not count)."""
    return any(not getattr(block, "_from_testcase", False) for block in connection.atomic_blocks)


def refuse_in_transaction(what: str) -> None:
    """Guard for outside calls and slow work. Raises InTransaction."""
    if in_transaction():
        raise InTransaction(f"{what} inside a transaction")
