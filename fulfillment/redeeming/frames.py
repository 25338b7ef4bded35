"""A frame of a clerk's camera becomes the text of the codes on it. Nothing is kept of the picture."""

import io
import struct
import warnings
import zlib
from threading import BoundedSemaphore

import zxingcpp
from django.utils.translation import gettext as _
from PIL import Image

from fulfillment.redeeming.entry import LONGEST, read_entry
from fulfillment.vouchers.codes import read_code

# A frame as our page sends it is 800 px wide and about 50 KB.
MAX_BYTES = 256 * 1024
MAX_PIXELS = 2_100_000
MAX_SIDE = 4_096
# What a till meets: the wallet's own QR, and codes that were printed as bars.
FORMATS = "QRCode|DataMatrix|Code128"
KINDS = ("JPEG", "PNG")
MOST_FOUND = 4
# Decoding costs 10 to 40 ms of a processor: this many at once in one process, the next frame waits.
AT_ONCE = 2

_seats = BoundedSemaphore(AT_ONCE)
# What Pillow raises for bytes that only look like a picture.
_UNREADABLE = (OSError, ValueError, SyntaxError, TypeError, struct.error, zlib.error)


class NotAPicture(ValueError):
    """The bytes are no picture we read; its text tells a person so."""


class TooLarge(Exception):
    """More bytes or more pixels than a frame has."""


class Busy(RuntimeError):
    """Enough frames are being read at this moment; the next one will do."""


def read_frame(data: bytes) -> list[str]:
    """Texts of the codes on a JPEG or PNG frame, ours first, cleaned as an entry is; [] for none.

    At most MAX_BYTES bytes and MAX_PIXELS pixels; the size is read from the header before anything
    is unpacked. Raises NotAPicture, TooLarge with a sentence to show, Busy when the process already
    reads as many as it may.
    """
    if len(data) > MAX_BYTES:
        raise TooLarge(_("The picture is too large. Send a smaller one."))
    if not _seats.acquire(blocking=False):
        raise Busy
    try:
        found = zxingcpp.read_barcodes(
            _gray(data), formats=zxingcpp.barcode_formats_from_str(FORMATS)
        )
    finally:
        _seats.release()
    texts = [read_entry(one.text) for one in found[:MOST_FOUND] if len(one.text) <= LONGEST]
    # A voucher of ours before whatever else is printed around it.
    texts.sort(key=lambda text: not read_code(text))
    return list(dict.fromkeys(text for text in texts if text))


def _gray(data: bytes) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data), formats=KINDS)
        _refuse_large(image)
        image.draft("L", None)
        return image.convert("L")
    except Image.DecompressionBombError as error:
        raise TooLarge(_("The picture is too large. Send a smaller one.")) from error
    except _UNREADABLE as error:
        raise NotAPicture(_("That is not a picture we can read (JPEG or PNG).")) from error


def _refuse_large(image: Image.Image) -> None:
    """By the size its header tells; nothing is unpacked yet."""
    width, height = image.size
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise TooLarge(_("The picture is too large. Send a smaller one."))
