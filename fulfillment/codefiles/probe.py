"""Which character set a file is in, learnt while it is received, so that no byte is read twice."""

import codecs
from collections.abc import Iterator

UTF8, GB18030 = "utf-8", "gb18030"
ZIP_MAGIC = b"PK\x03\x04"
_MARKS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, UTF8),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class NotText(ValueError):
    """The file is neither text nor a workbook."""


class Probe:
    """Feed it the file; ask `encoding()` at the end. Text in UTF-16 comes out as UTF-8.

    A mark at the start decides; without one, strict UTF-8 over the whole file, then GB18030
    (which holds GBK and GB2312). What is neither stays UTF-8 and its broken lines are named.
    """

    def __init__(self) -> None:
        self._wide: codecs.IncrementalDecoder | None = None
        self._started = False
        self._checks = {
            name: codecs.getincrementaldecoder(name)(errors="strict") for name in (UTF8, GB18030)
        }
        self._alive = {UTF8: True, GB18030: True}
        self._marked = False

    def feed(self, data: bytes) -> bytes:
        """Returns the bytes to store: without the mark, UTF-16 turned into UTF-8."""
        if not self._started:
            self._started = True
            data = self._start(data)
        if self._wide is not None:
            return self._wide.decode(data).encode()
        for name, check in self._checks.items():
            if self._alive[name]:
                try:
                    check.decode(data)
                except UnicodeDecodeError:
                    self._alive[name] = False
        return data

    def finish(self) -> bytes:
        """Returns what was still held back; call once, before `encoding()`."""
        if self._wide is not None:
            return self._wide.decode(b"", final=True).encode()
        for name, check in self._checks.items():
            if self._alive[name]:
                try:
                    check.decode(b"", final=True)
                except UnicodeDecodeError:
                    self._alive[name] = False
        return b""

    def encoding(self) -> str:
        """The character set in which the stored bytes are to be read."""
        if self._wide is not None or self._marked or self._alive[UTF8]:
            return UTF8
        return GB18030 if self._alive[GB18030] else UTF8

    def _start(self, data: bytes) -> bytes:
        for mark, name in _MARKS:
            if data.startswith(mark):
                self._marked = True
                if name != UTF8:
                    self._widen(name)
                return data[len(mark) :]
        head = data[:4096]
        zeros = head.count(0)
        if zeros * 4 > len(head):
            # ASCII in UTF-16 has a zero in every other byte; which half tells the byte order.
            self._widen("utf-16-le" if head[1::2].count(0) >= head[::2].count(0) else "utf-16-be")
        return data

    def _widen(self, name: str) -> None:
        self._wide = codecs.getincrementaldecoder(name)(errors="replace")


def lines(chunks: Iterator[bytes], *, start: int, limit: int) -> Iterator[tuple[bytes, int, bool]]:
    """Cut bytes into lines at LF, CR LF or CR, never holding more than about `limit` of one.

    Yields the line without its end, the offset after it (absolute; `start` is where `chunks`
    begins), and whether it was longer than `limit` (its text is then cut). Safe for UTF-8 and
    GB18030, where no part of a longer character looks like a line end.
    """
    offset, held, overlong = start, b"", False
    for chunk in filter(None, chunks):
        pieces = (held + chunk).splitlines(keepends=True)
        # A last CR may belong to a CR LF that is cut in two.
        held = b"" if pieces[-1].endswith(b"\n") else pieces.pop()
        for piece in pieces:
            offset += len(piece)
            text = piece.rstrip(b"\r\n")
            yield text[:limit], offset, overlong or len(text) > limit
            overlong = False
        if len(held) > 2 * limit:
            # A line without an end is not collected for ever: enough is known to refuse it.
            overlong = True
            offset += len(held) - limit
            held = held[-limit:]
    for piece in held.splitlines(keepends=True):
        offset += len(piece)
        text = piece.rstrip(b"\r\n")
        yield text[:limit], offset, overlong or len(text) > limit
        overlong = False
