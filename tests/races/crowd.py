"""Many at once, each with a connection of its own."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection, connections

THREADS = 64
# Workers share one cluster: only who waits for this very connection counts.
BLOCKED = """
select count(*) from pg_locks
where not granted and pg_backend_pid() = any(pg_blocking_pids(pid))
"""


def comes_up(race: Callable[[], bool], *, rounds: int = 40) -> bool:
    """Whether a race whose guard is gone is lost in one of so many rounds: chance decides in which."""
    return any(race() for _ in range(rounds))


def crowd(work: Callable[[Any], object], items: Sequence[Any], *, threads: int = THREADS) -> None:
    """Run `work` over all items with so many threads started at one moment; re-raises the first error."""
    todo, lock = list(reversed(items)), threading.Lock()
    errors: list[BaseException] = []
    barrier = threading.Barrier(min(threads, len(items)))

    def run() -> None:
        try:
            connection.ensure_connection()
            barrier.wait()
            while True:
                with lock:
                    if not todo or errors:
                        return
                    item = todo.pop()
                work(item)
        except BaseException as error:  # noqa: BLE001  told by the starting thread
            errors.append(error)
            barrier.abort()
        finally:
            connections.close_all()

    workers = [threading.Thread(target=run) for _ in range(min(threads, len(items)))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if errors:
        raise errors[0]


def somebody_waits() -> bool:
    """Whether another one waits for what this transaction has locked; a minute is more than enough."""
    turn = threading.Event()
    for _try in range(1200):
        with connection.cursor() as cursor:
            cursor.execute(BLOCKED)
            if cursor.fetchone()[0]:
                return True
        turn.wait(0.05)
    return False


def closing(work: Callable[..., Any]) -> Callable[..., None]:
    """For a thread of its own: do it, then put the thread's connection away."""

    def run(*args: Any) -> None:
        try:
            work(*args)
        finally:
            connections.close_all()

    return run
