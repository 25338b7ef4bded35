"""A small threaded HTTP/1.1 server with a routing table and control over the bare socket."""

import json
import re
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote

MAX_BODY = 64 * 1024
LOOPBACK = ("127.0.0.1", "::1", "::ffff:127.0.0.1")
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "[::1]")


class BadRequest(Exception):
    """The request cannot be read; nothing was done."""


@dataclass
class Request:
    method: str
    target: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    client: str
    args: dict[str, str] = field(default_factory=dict)

    def fields(self, text: str) -> dict[str, str]:
        """Decode form pairs; a name given twice is refused."""
        try:
            pairs = parse_qsl(
                text,
                keep_blank_values=True,
                strict_parsing=bool(text),
                errors="strict",
                max_num_fields=64,
            )
        except ValueError as error:
            raise BadRequest(f"the parameters cannot be read: {error}") from error
        out = dict(pairs)
        if len(out) != len(pairs):
            raise BadRequest("a parameter is given twice")
        return out

    def query_fields(self) -> dict[str, str]:
        return self.fields(self.query)

    def form(self) -> dict[str, str]:
        try:
            return self.fields(self.body.decode("ascii"))
        except UnicodeDecodeError as error:
            raise BadRequest("the form is not percent-encoded") from error

    def json(self) -> dict[str, Any]:
        try:
            data = json.loads(self.body.decode("utf-8"))
        except (UnicodeDecodeError, ValueError, RecursionError) as error:
            raise BadRequest(f"the body is not JSON: {error}") from error
        if not isinstance(data, dict):
            raise BadRequest("the body is not a JSON object")
        return data

    def from_loopback(self) -> bool:
        """Also refuses a foreign Host, so that a page in a browser cannot rebind its name to us."""
        host = self.headers.get("host", "")
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        return self.client in LOOPBACK and name in LOOPBACK_HOSTS


@dataclass
class Answer:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    sending: str = "whole"  # whole, half, drop, drip
    pause: float = 0.0


def json_answer(data: object, status: int = 200) -> Answer:
    body = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    return Answer(status, body, {"Content-Type": "application/json; charset=utf-8"})


def text_answer(text: str, status: int = 200, kind: str = "text/plain") -> Answer:
    return Answer(status, text.encode("utf-8"), {"Content-Type": f"{kind}; charset=utf-8"})


Handle = Callable[[Request], Answer]


class Router:
    def __init__(self) -> None:
        self._routes: list[tuple[str, re.Pattern[str], Handle, bool]] = []

    def add(self, method: str, pattern: str, handle: Handle, *, local: bool = False) -> None:
        """`pattern` is a regular expression for the whole path; `local` routes need loopback."""
        self._routes.append((method, re.compile(pattern), handle, local))

    def answer(self, request: Request) -> Answer:
        known = False
        for method, pattern, handle, local in self._routes:
            match = pattern.fullmatch(request.path)
            if match is None:
                continue
            known = True
            if method != request.method:
                continue
            if local and not request.from_loopback():
                return json_answer({"error": {"code": "FORBIDDEN"}}, 403)
            request.args = match.groupdict()
            try:
                return handle(request)
            except BadRequest as error:
                return json_answer({"error": {"code": "BAD_REQUEST", "message": str(error)}}, 400)
        code = "METHOD_NOT_ALLOWED" if known else "NOT_FOUND"
        return json_answer({"error": {"code": code}}, 405 if known else 404)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30
    wbufsize = -1
    disable_nagle_algorithm = True
    server: "Server"

    def _serve(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not re.fullmatch(r"\d{1,12}", length):
            self._refuse(HTTPStatus.LENGTH_REQUIRED)
            return
        if int(length) > MAX_BODY:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return
        body = self.rfile.read(int(length))
        if len(body) != int(length):
            self.close_connection = True
            return
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(
            self.command, self.path, unquote(path), query, headers, body, self.client_address[0]
        )
        self._send(self.server.router.answer(request))

    do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815

    def _refuse(self, status: int) -> None:
        self.close_connection = True
        code = "TOO_LARGE" if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE else "LENGTH_REQUIRED"
        self._send(json_answer({"error": {"code": code}}, status))

    def _send(self, answer: Answer) -> None:
        if answer.sending == "drop":
            self._reset()
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        if answer.sending != "whole" or self.close_connection:
            self.close_connection = True
            self.send_header("Connection", "close")
        self.end_headers()
        if answer.sending == "half":
            self.wfile.write(answer.body[: len(answer.body) // 2])
        elif answer.sending == "drip":
            self._drip(answer)
        else:
            self.wfile.write(answer.body)
        self.wfile.flush()

    def _drip(self, answer: Answer) -> None:
        for at in range(len(answer.body)):
            self.wfile.write(answer.body[at : at + 1])
            self.wfile.flush()
            time.sleep(answer.pause)

    def _reset(self) -> None:
        """Close with RST, so that the other side sees a broken line and not an empty answer."""
        self.close_connection = True
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.server.forget(self.connection)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing: targets and bodies carry accounts and numbers."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256
    allow_reuse_address = True

    def __init__(self, host: str, port: int, router: Router) -> None:
        self.router = router
        self._dead: set[int] = set()
        self._lock = threading.Lock()
        super().__init__((host, port), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def forget(self, connection: socket.socket) -> None:
        with self._lock:
            self._dead.add(id(connection))

    def shutdown_request(self, request: Any) -> None:
        """A dropped connection is closed without the polite shutdown which would send FIN first."""
        with self._lock:
            dead = id(request) in self._dead
            self._dead.discard(id(request))
        if dead:
            request.close()
        else:
            super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller who hung up is no error of ours; anything else is told in full."""
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            super().handle_error(request, client_address)
