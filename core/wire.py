"""The line under outside calls: no call outlives its deadline, whatever the other side drips.

Timeouts of an HTTP client count from byte to byte; a peer that sends one byte now and then is
never late. Here every read and write of a thread's call is also bound by the call's own end.
"""

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from ssl import SSLContext
from typing import Any

import httpcore2

from core import outside
from core.faults import crashpoint

_call = threading.local()


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Everything this thread sends or receives inside ends within `seconds`.

    Inside another deadline the earlier of the two counts.
    """
    outer = getattr(_call, "ends", None)
    ends = time.monotonic() + seconds
    _call.ends = ends if outer is None else min(outer, ends)
    try:
        yield
    finally:
        _call.ends = outer


def _left(timeout: float | None, late: type[Exception]) -> float | None:
    """The smaller of the given timeout and what is left of the call. Raises `late` past its end."""
    ends = getattr(_call, "ends", None)
    if ends is None:
        return timeout
    left: float = ends - time.monotonic()
    if left <= 0:
        raise late("the call's time is over")
    return left if timeout is None else min(timeout, left)


class _Line(httpcore2.NetworkStream):
    def __init__(self, inner: httpcore2.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        crashpoint("CP09")
        return self._inner.read(max_bytes, _left(timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        half = len(buffer) // 2
        self._inner.write(buffer[:half], _left(timeout, httpcore2.WriteTimeout))
        crashpoint("CP08")
        self._inner.write(buffer[half:], _left(timeout, httpcore2.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> "_Line":
        left = _left(timeout, httpcore2.ConnectTimeout)
        return _Line(self._inner.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class TimedBackend(httpcore2.NetworkBackend):
    """Plain sockets whose every step looks at the call's deadline."""

    def __init__(self) -> None:
        self._inner = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        left = _left(timeout, httpcore2.ConnectTimeout)
        try:
            host = outside.vetted(host, port)
        except (outside.Inside, OSError) as error:
            raise httpcore2.ConnectError(type(error).__name__) from error
        return _Line(self._inner.connect_tcp(host, port, left, local_address, socket_options))
