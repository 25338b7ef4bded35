"""Whoever dies is put up again, as an init system would."""

import contextlib
import threading
import time

from launcher.places import Stop
from tests.house import House

PARTS = ("web", "worker", "beat")
LOOK_SECONDS = 0.2


class Supervisor:
    """Watches web, worker and beat; a part that ended is started again after `pause` seconds."""

    def __init__(self, house: House, *, pause: float = 0.5) -> None:
        self.house, self.pause = house, pause
        self.restarts: list[str] = []
        #: Held while a part is stopped on purpose.
        self.lock = threading.Lock()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._end.set()
        if self._thread.is_alive():
            self._thread.join(90)

    def _watch(self) -> None:
        while not self._end.wait(LOOK_SECONDS):
            with self.lock:
                self._revive()

    def _revive(self) -> None:
        for name in set(PARTS).intersection(self.house.shop.dead()):
            time.sleep(self.pause)
            self.restarts.append(name)
            # While the database is away a part may not come up: the next look tries again.
            with contextlib.suppress(Stop):
                self.house.shop.revive(name)
