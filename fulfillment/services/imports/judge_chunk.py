"""Lines of a file, judged and gathered into a chunk that is ready to be written."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from core.crypto import blind_index
from fulfillment.codefiles.parse import Entry, Refusal, header, parse
from fulfillment.models import CodeBatch
from fulfillment.states import Verdict


@dataclass(frozen=True, slots=True)
class Judged:
    """A line fit for the vault, with its number in the file and its keyed hash."""

    line: int
    index: bytes
    entry: Entry = field(repr=False)


@dataclass(slots=True)
class Chunk:
    """Lines `first`..`last` of a file, ending at byte `end`; `start` is where the last one ended."""

    start: int
    end: int
    last: int
    columns: dict[str, int]
    entries: list[Judged]
    refused: list[tuple[int, Refusal]]
    headers: int

    def refused_lines(self) -> Iterator[tuple[int, str, str]]:
        """Line number, verdict and what may be shown, of every line refused so far."""
        for line, refusal in self.refused:
            yield line, refusal.verdict, refusal.masked


class Judge:
    """Feeds lines to `parse`, knows the header, and finds doubles within the chunk."""

    def __init__(self, batch: CodeBatch, *, today: date) -> None:
        self._encoding = batch.encoding
        self._single = batch.layout == CodeBatch.Layout.SINGLE
        self._columns: dict[str, int] = dict(batch.columns)
        self._today = today
        self._line = batch.lines_done
        self._start = self._end = batch.bytes_done
        # A header may only be the first line that is not blank.
        self._fresh = batch.declared == batch.counts.get(Verdict.BLANK, 0) and not batch.columns
        self._reset()

    def _reset(self) -> None:
        self._entries: dict[bytes, Judged] = {}
        self._refused: list[tuple[int, Refusal]] = []
        self._headers = 0
        self.held = 0

    def add(self, text: bytes, end: int, *, overlong: bool) -> None:
        """One line that ends at byte `end` of the file."""
        self._line += 1
        self._end = end
        self.held += 1
        if overlong:
            self._refuse(Refusal(Verdict.TOO_LONG))
            return
        decoded = text.decode(self._encoding, errors="replace")
        if self._fresh and decoded.strip():
            self._fresh = False
            self._columns = header(decoded) or {}
            if self._columns:
                self._headers = 1
                return
        judged = parse(decoded, columns=self._columns, single=self._single, today=self._today)
        if isinstance(judged, Refusal):
            self._refuse(judged)
            return
        index = blind_index("code", judged.identity)
        if index in self._entries:
            self._refuse(Refusal(Verdict.DUPLICATE_IN_FILE, judged.masked))
        else:
            self._entries[index] = Judged(self._line, index, judged)

    def take(self) -> Chunk:
        """The gathered chunk; the next one begins where it ends."""
        chunk = Chunk(
            self._start, self._end, self._line, dict(self._columns),
            list(self._entries.values()), self._refused, self._headers,
        )  # fmt: skip
        self._start = self._end
        self._reset()
        return chunk

    def _refuse(self, refusal: Refusal) -> None:
        self._refused.append((self._line, refusal))
