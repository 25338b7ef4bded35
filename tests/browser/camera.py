"""A camera made of a picture: frames as chromium's fake video device plays them."""

import io
from pathlib import Path

from PIL import Image

from tests.browser.chromium import FLAGS

WIDE, HIGH = 640, 480
GRAY = 110
FRAMES = 4


def counter(picture: bytes | None, *, side: int = 250, angle: float = 6) -> Image.Image:
    """What the lens sees: a phone that shows the picture, not quite straight, on a gray counter."""
    ground = Image.new("L", (WIDE, HIGH), GRAY)
    if picture is not None:
        shown = Image.open(io.BytesIO(picture)).convert("L").resize((side, side))
        ground.paste(shown, ((WIDE - side) // 2, (HIGH - side) // 2))
    return ground.rotate(angle, fillcolor=GRAY, resample=Image.Resampling.BICUBIC)


def film(path: Path, picture: bytes | None) -> list[str]:
    """Write a YUV4MPEG2 film of the picture; returns the switches that make it the camera."""
    frame = counter(picture).tobytes() + bytes([128]) * (WIDE * HIGH // 2)
    head = f"YUV4MPEG2 W{WIDE} H{HIGH} F10:1 Ip A1:1 C420jpeg\n".encode()
    path.write_bytes(head + (b"FRAME\n" + frame) * FRAMES)
    return [
        *FLAGS,
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={path}",
    ]
