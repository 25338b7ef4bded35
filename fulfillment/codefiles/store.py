"""Uploaded and exported files of codes at rest: sealed in pieces, destroyed when done with.

A plain code file never lies on a disk. Web and worker share STATE_DIR. After the last piece stands
a sealed end, bound to how many pieces came before it: a file cut off anywhere is not taken for whole.
"""

import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from core.crypto import CannotUnseal, seal, unseal
from fulfillment.codefiles.limits import MAX_FILE_BYTES, MAX_SHEET_BYTES
from fulfillment.codefiles.probe import ZIP_MAGIC, Probe

PIECE = 256 * 1024
LENGTH_BYTES = 4
# Set in the length of what is the end and not a piece.
END = 1 << 31
XLSX = "xlsx"


class FileRefused(ValueError):
    """The file cannot be taken: its message is a key of why (too_big, empty, gone, cut_off)."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A sealed file: its name in the folder, and what is known of the text inside."""

    name: str
    encoding: str
    bytes_total: int
    sha256: str


def folder() -> Path:
    """Where sealed files lie; made on first use, for this user only."""
    path = Path(settings.STATE_DIR) / "uploads"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def _context(name: str, place: int, *, end: bool = False) -> str:
    return f"fulfillment_file:{name}:{place}" + (":end" if end else "")


class Writer:
    """Seals what is written, piece by piece; `close()` finishes the last one and seals the end.

    `abandon()` leaves a file without an end, which nobody can read.
    """

    def __init__(self) -> None:
        self.name = secrets.token_hex(16)
        self.size = 0
        self._held = bytearray()
        self._place = 0
        self._file = (folder() / self.name).open("xb")

    def write(self, data: bytes) -> None:
        self._held += data
        self.size += len(data)
        while len(self._held) >= PIECE:
            self._flush(bytes(self._held[:PIECE]))
            del self._held[:PIECE]

    def close(self) -> None:
        if self._held:
            self._flush(bytes(self._held))
            self._held.clear()
        sealed = seal("", context=_context(self.name, self._place, end=True))
        self._file.write((len(sealed) | END).to_bytes(LENGTH_BYTES) + sealed)
        self._file.close()

    def abandon(self) -> None:
        self._file.close()

    def _flush(self, piece: bytes) -> None:
        # Latin-1 carries any byte through `seal`, which takes text.
        sealed = seal(piece.decode("latin-1"), context=_context(self.name, self._place))
        self._file.write(len(sealed).to_bytes(LENGTH_BYTES) + sealed)
        self._place += 1


def receive(chunks: Iterable[bytes]) -> Stored:
    """Take an upload as it comes, seal it, learn its character set and hash. Never whole in memory.

    Raises FileRefused and leaves nothing behind.
    """
    writer = Writer()
    try:
        return _take_in(chunks, writer)
    except BaseException:
        writer.abandon()
        destroy(writer.name)
        raise


def _take_in(chunks: Iterable[bytes], writer: Writer) -> Stored:
    probe, digest, size, sheet = Probe(), hashlib.sha256(), 0, False
    for chunk in chunks:
        sheet = sheet or (size == 0 and chunk.startswith(ZIP_MAGIC))
        size += len(chunk)
        if size > (MAX_SHEET_BYTES if sheet else MAX_FILE_BYTES):
            raise FileRefused("too_big")
        digest.update(chunk)
        writer.write(chunk if sheet else probe.feed(chunk))
    if not size:
        raise FileRefused("empty")
    if not sheet:
        writer.write(probe.finish())
    writer.close()
    encoding = XLSX if sheet else probe.encoding()
    return Stored(writer.name, encoding, writer.size, digest.hexdigest())


def read(name: str, *, start: int = 0) -> Iterator[bytes]:
    """The text's bytes from `start` on.

    Raises FileRefused before the first byte: "gone" when it cannot be opened, "cut_off" when its
    end is missing.
    """
    skip, within = divmod(start, PIECE)
    try:
        with (folder() / name).open("rb") as file:
            pieces = _count_pieces(file, name)
            file.seek(0)
            for place in range(pieces):
                length = int.from_bytes(file.read(LENGTH_BYTES))
                if place < skip:
                    file.seek(length, os.SEEK_CUR)
                    continue
                sealed = file.read(length)
                piece = unseal(sealed, context=_context(name, place)).reveal().encode("latin-1")
                yield piece[within:] if place == skip else piece
    except (OSError, CannotUnseal) as error:
        raise FileRefused("gone") from error


def _count_pieces(file: BinaryIO, name: str) -> int:
    """How many pieces stand before the end. Steps over them; only the end is opened."""
    for place in range(1 << 30):
        header = file.read(LENGTH_BYTES)
        length = int.from_bytes(header)
        if len(header) < LENGTH_BYTES:
            break
        if length & END:
            try:
                unseal(file.read(length & ~END), context=_context(name, place, end=True))
            except CannotUnseal:
                break
            return place
        file.seek(length, os.SEEK_CUR)
    raise FileRefused("cut_off")


def destroy(name: str) -> None:
    """Remove a sealed file; nothing happens when it is gone already."""
    if name:
        (folder() / name).unlink(missing_ok=True)


def names(*, older_than: float) -> list[str]:
    """Sealed files last written before this moment (seconds of the epoch), for the sweeper."""
    files = (path for path in folder().iterdir() if path.is_file())
    return [path.name for path in files if path.stat().st_mtime < older_than]
