"""The simulator's own motor: due work is found in the store and done, also after a restart."""

import sys
import threading
import traceback
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor


class Ticker:
    """Runs `tick` again and again; `poke` wakes it at once."""

    def __init__(self, tick: Callable[[], float]) -> None:
        """`tick` returns how many seconds may pass until it must run again."""
        self._tick = tick
        self._wake = threading.Event()
        self._stop = False
        self._thread = threading.Thread(target=self._loop, name="ticker", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def poke(self) -> None:
        self._wake.set()

    def stop(self) -> None:
        self._stop = True
        self._wake.set()
        self._thread.join(timeout=5)

    def _loop(self) -> None:
        while not self._stop:
            self._wake.clear()
            wait = 0.5
            try:
                wait = self._tick()
            except Exception:  # noqa: BLE001 - the motor must not stop; the fault is told
                traceback.print_exc(file=sys.stderr)
            self._wake.wait(max(0.01, min(wait, 0.5)))


class Senders:
    """A pool that never sends one thing twice at the same time by itself."""

    def __init__(self, *, workers: int = 16) -> None:
        self._pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="send")
        self._busy: set[Hashable] = set()
        self._lock = threading.Lock()

    def offer(self, key: Hashable, send: Callable[[], None], done: Callable[[], None]) -> None:
        """Send in the background unless this key is on its way already."""
        with self._lock:
            if key in self._busy:
                return
            self._busy.add(key)
        self._pool.submit(self._run, key, send, done)

    def _run(self, key: Hashable, send: Callable[[], None], done: Callable[[], None]) -> None:
        try:
            send()
        except Exception:  # noqa: BLE001 - one bad message must not end the pool
            traceback.print_exc(file=sys.stderr)
        finally:
            with self._lock:
                self._busy.discard(key)
            done()

    def stop(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
