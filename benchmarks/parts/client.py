"""A small keep-alive HTTP client: one cookie jar per visitor, cheap enough not to be what is measured."""

import asyncio
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urlencode, urlsplit


class Broken(RuntimeError):
    """The server did not answer as the journey needs; the benchmark stops and says where."""


@dataclass(slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def location(self) -> str:
        return self.headers.get("location", "")


@dataclass(slots=True)
class Visitor:
    """One browser: its connection, its cookies, its address behind the proxy."""

    host: str
    port: int
    address: str
    cookies: dict[str, str] = field(default_factory=dict)
    _reader: asyncio.StreamReader | None = None
    _writer: asyncio.StreamWriter | None = None

    async def get(self, path: str) -> Answer:
        return await self._send("GET", path, b"", "")

    async def post(self, path: str, form: dict[str, str], *, cookies: bool = True) -> Answer:
        body = urlencode(form).encode()
        return await self._send(
            "POST", path, body, "application/x-www-form-urlencoded", cookies=cookies
        )

    async def _send(
        self, method: str, path: str, body: bytes, kind: str, *, cookies: bool = True
    ) -> Answer:
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.host}:{self.port}", f"X-Forwarded-For: {self.address}",
                 "Accept-Language: zh-CN", f"Origin: http://{self.host}:{self.port}"]  # fmt: skip
        if cookies and self.cookies:
            lines.append(
                "Cookie: " + "; ".join(f"{name}={value}" for name, value in self.cookies.items())
            )
        if kind:
            lines += [f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
        await self._connect()
        assert self._writer is not None
        self._writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        return await self._read()

    async def _connect(self) -> None:
        if self._writer is None or self._writer.is_closing():
            self._reader, self._writer = await asyncio.open_connection(self.host, self.port)

    async def _read(self) -> Answer:
        assert self._reader is not None
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *rest = head.split("\r\n")
        headers: dict[str, str] = {}
        for line in filter(None, rest):
            name, _, value = line.partition(": ")
            if name.lower() == "set-cookie":
                cookie, _, content = value.partition(";")[0].partition("=")
                self.cookies[cookie] = content
            else:
                headers[name.lower()] = value
        body = await self._body(headers)
        if headers.get("connection", "").lower() == "close":
            self.close()
        return Answer(int(first.split(" ", 2)[1]), headers, body)

    async def _body(self, headers: dict[str, str]) -> bytes:
        assert self._reader is not None
        if "content-length" in headers:
            return await self._reader.readexactly(int(headers["content-length"]))
        if headers.get("transfer-encoding") != "chunked":
            return b""
        chunks = []
        while size := int(await self._reader.readline(), 16):
            chunks.append(await self._reader.readexactly(size))
            await self._reader.readline()
        await self._reader.readline()
        return b"".join(chunks)

    def forget(self) -> None:
        """A new person at the same connection."""
        self.cookies.clear()

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None


def expect(answer: Answer, status: HTTPStatus, what: str) -> Answer:
    if answer.status != status:
        text = answer.body[:400].decode(errors="replace")
        raise Broken(f"{what}: {answer.status} instead of {int(status)}: {text}")
    return answer


def where(url: str) -> tuple[str, int]:
    """Host and port of an address."""
    parts = urlsplit(url)
    return parts.hostname or "127.0.0.1", parts.port or 80
