import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from core import http
from core.tx import InTransaction, step


@contextmanager
def _server(answer: Callable[[socket.socket], object]) -> Iterator[str]:
    """A raw socket that answers one connection as the test says."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            answer(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        listener.close()


def _call(url: str, **limits: float) -> http.Reply:
    return http.call(
        "POST",
        url,
        name="test",
        content=b"{}",
        read=limits.get("read", 1.0),
        total=2.0,
        max_bytes=1000,
    )


def _reads_then(text: bytes) -> Callable[[socket.socket], None]:
    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(text)

    return answer


def test_an_answer_comes_back_raw() -> None:
    with _server(_reads_then(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nhi")) as url:
        reply = _call(url)
    assert (reply.status, reply.body) == (201, b"hi")


def test_a_refused_connection_proves_that_nothing_was_sent() -> None:
    closed = socket.create_server(("127.0.0.1", 0))
    port = closed.getsockname()[1]
    closed.close()
    with pytest.raises(http.NotSent):
        _call(f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize(
    "answer",
    [
        lambda connection: connection.recv(65536),
        lambda connection: None,
        _reads_then(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf"),
        _reads_then(b"garbage\r\n\r\n"),
        _reads_then(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + b"x" * 5000),
    ],
    ids=["dropped after reading", "dropped", "half a body", "garbage", "too large"],
)
def test_everything_after_the_first_byte_is_unclear(
    answer: Callable[[socket.socket], object],
) -> None:
    with _server(answer) as url, pytest.raises(http.Unclear):
        _call(url)


def test_silence_is_unclear() -> None:
    done = threading.Event()
    with _server(lambda connection: done.wait(5) and None) as url, pytest.raises(http.Unclear):
        _call(url, read=0.2)
    done.set()


def test_a_redirect_is_not_followed() -> None:
    with _server(
        _reads_then(
            b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
        )
    ) as url:
        assert _call(url).status == 302


def test_no_call_inside_a_transaction(committed: None) -> None:
    with pytest.raises(InTransaction), step():
        _call("http://127.0.0.1:1/")


@pytest.mark.parametrize("where", ["head", "body"])
def test_a_byte_now_and_then_does_not_outlive_the_call(where: str) -> None:
    """C18, slow loris: a timeout from byte to byte alone would wait for minutes."""

    sent = 0

    def drip(connection: socket.socket) -> None:
        nonlocal sent
        connection.recv(65536)
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 600\r\nX-Filler: " + b"x" * 600 + b"\r\n\r\n"
        try:
            for byte in head if where == "head" else b"":
                sent += connection.send(bytes([byte]))
                time.sleep(0.1)
            connection.sendall(head)
            while connection.send(b"x"):
                sent += 1
                time.sleep(0.1)
        except OSError:
            return

    with _server(drip) as url, pytest.raises(http.Unclear):
        _call(url)
    # All of it would be 600; the call is given up after two seconds.
    assert sent < 300


def test_a_packed_answer_is_not_unpacked() -> None:
    packed = gzip.compress(b"x" * 500)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    with _server(_reads_then(head + packed)) as url, pytest.raises(http.Unclear):
        _call(url)
