"""Frames: what is on them is read, what is too large or no picture at all is refused before it costs anything."""

import io
import struct
import zlib
from threading import Thread

import pytest
import segno
from PIL import Image

from fulfillment.redeeming import frames
from fulfillment.redeeming.frames import Busy, NotAPicture, TooLarge, read_frame
from fulfillment.vouchers.codes import new_code, qr_text


def _drawn(text: str, *, scale: int = 6) -> Image.Image:
    sink = io.BytesIO()
    segno.make(text, error="q", micro=False).save(sink, kind="png", scale=scale, border=4)
    return Image.open(sink).convert("L")


def _bytes(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    sink = io.BytesIO()
    image.save(sink, kind, **options)
    return sink.getvalue()


def _counter(picture: Image.Image, *, angle: float = 0) -> Image.Image:
    """A phone's screen as a camera sees it: small, turned, on a gray counter."""
    ground = Image.new("L", (800, 600), 120)
    ground.paste(picture, (330, 180))
    return ground.rotate(angle, fillcolor=120, resample=Image.Resampling.BICUBIC)


@pytest.mark.parametrize("angle", [0, 17, 90, 180, 203])
def test_a_code_is_read_however_it_lies(angle: float) -> None:
    code = qr_text(new_code())
    frame = _bytes(_counter(_drawn(code), angle=angle), quality=60)
    assert len(frame) < frames.MAX_BYTES
    assert read_frame(frame) == [code]


def test_a_dark_theme_inverts_nothing_that_matters() -> None:
    code = qr_text(new_code())
    inverted = Image.eval(_drawn(code), lambda value: 255 - value)
    assert read_frame(_bytes(_counter(inverted))) == [code]


def test_ours_comes_before_whatever_else_is_in_view() -> None:
    code = qr_text(new_code())
    ground = Image.new("L", (1000, 500), 200)
    ground.paste(_drawn("WXP://F2F0ABCDEF"), (20, 80))
    ground.paste(_drawn(code), (560, 80))
    assert read_frame(_bytes(ground))[0] == code


def test_an_empty_counter_holds_nothing() -> None:
    assert read_frame(_bytes(Image.new("RGB", (640, 480), (90, 80, 70)))) == []


@pytest.mark.parametrize(
    "data",
    [b"", b"hello", b"\xff\xd8\xff\xe0 cut off", b"GIF89a\x01\x00\x01\x00", b"\x89PNG\r\n\x1a\n"],
)
def test_what_is_no_picture_is_said_to_be_none(data: bytes) -> None:
    with pytest.raises(NotAPicture, match="JPEG"):
        read_frame(data)


def test_a_cut_off_picture_is_none() -> None:
    data = _bytes(_counter(_drawn("QY:X")))
    with pytest.raises(NotAPicture):
        read_frame(data[: len(data) // 3])


def test_a_picture_of_another_kind_is_not_opened() -> None:
    with pytest.raises(NotAPicture):
        read_frame(_bytes(_drawn("QY:X"), "BMP"))


def _bomb(width: int, height: int) -> bytes:
    """A PNG of a few hundred bytes that would unpack to width × height pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(("width", "height"), [(2_000, 1_051), (60_000, 60_000), (5_000, 1)])
def test_a_bomb_is_refused_by_its_header(width: int, height: int) -> None:
    with pytest.raises(TooLarge, match="smaller"):
        read_frame(_bomb(width, height))


def test_too_many_bytes_are_refused_unseen() -> None:
    with pytest.raises(TooLarge):
        read_frame(b"\xff\xd8" + bytes(frames.MAX_BYTES))


def test_a_process_reads_only_so_many_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = _bytes(_drawn("QY:X"))
    answers: list[object] = []
    inner = frames._gray

    def one_more() -> None:
        try:
            answers.append(read_frame(frame))
        except Busy:
            answers.append("busy")

    def in_the_middle(data: bytes) -> Image.Image:
        # While this frame is being read, others arrive.
        monkeypatch.setattr(frames, "_gray", inner)
        for _ in range(frames.AT_ONCE):
            thread = Thread(target=one_more)
            thread.start()
            thread.join()
        return inner(data)

    frames._seats.acquire()
    try:
        monkeypatch.setattr(frames, "_gray", in_the_middle)
        assert read_frame(frame) == ["QY:X"]
    finally:
        frames._seats.release()
    assert answers == ["busy"] * frames.AT_ONCE
    assert read_frame(frame) == ["QY:X"]
