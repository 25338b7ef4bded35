"""The wallet's QR is drawn into the page, says nothing in clear, and reads back."""

import io
import re

import zxingcpp
from PIL import Image, ImageDraw

from fulfillment.templatetags.qr import qr
from fulfillment.vouchers.codes import new_code, qr_text


def _painted(svg: str, scale: int = 8) -> Image.Image:
    """The picture a browser makes of segno's path: M x y, h dx, m dx dy, in modules."""
    side = int(re.search(r'viewBox="0 0 (\d+)', svg)[1])  # type: ignore[index]
    path = re.search(r' d="([^"]+)"', svg)[1]  # type: ignore[index]
    image = Image.new("L", (side * scale, side * scale), 255)
    pen, x, y = ImageDraw.Draw(image), 0.0, 0.0
    for kind, numbers in re.findall(r"([Mmh])([^Mmh]+)", path):
        by = [float(one) for one in re.findall(r"-?[\d.]+", numbers)]
        if kind == "M":
            x, y = by
        elif kind == "m":
            x, y = x + by[0], y + by[1]
        else:
            top = (y - 0.5) * scale
            pen.rectangle((x * scale, top, (x + by[0]) * scale - 1, top + scale - 1), fill=0)
            x += by[0]
    return image


def test_what_the_page_draws_is_what_a_camera_reads() -> None:
    text = qr_text(new_code())
    drawn = str(qr(text))
    found = zxingcpp.read_barcode(_painted(drawn))
    assert found is not None
    assert found.text == text


def test_the_code_stands_nowhere_in_clear_and_needs_no_style_or_script() -> None:
    code = new_code()
    drawn = str(qr(qr_text(code)))
    assert code not in drawn
    assert not re.search(r"style=|<script|<style|\son\w+=|https?:", drawn)


def test_nothing_is_drawn_of_nothing() -> None:
    assert qr("") == ""
    assert qr("A" * 5_000) == ""
    assert io.BytesIO(str(qr("A")).encode()).read(4) == b"<div"
