"""A shop's ear: keeps every message and answers as told."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from simulators.server import Answer, Request, Router, Server, text_answer

Reply = Callable[[Request], Answer]


def success(_: Request) -> Answer:
    return text_answer("success")


@dataclass
class Receiver:
    got: list[Request] = field(default_factory=list)
    reply: Reply = success
    url: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> Self:
        router = Router()
        router.add("POST", "/.*", self._hear)
        self._server = Server("127.0.0.1", 0, router)
        self.url = self._server.url + "/notice/"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _hear(self, request: Request) -> Answer:
        with self._lock:
            self.got.append(request)
        return self.reply(request)

    def await_count(self, count: int, *, seconds: float = 30.0) -> list[Request]:
        """The messages, as soon as there are so many. Fails when they do not come."""
        end = time.monotonic() + seconds
        while len(self.got) < count:
            assert time.monotonic() < end, f"{len(self.got)} of {count} messages came"
            time.sleep(0.01)
        return list(self.got)
