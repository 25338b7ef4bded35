"""Small pictures: a screenshot reduced to 256 colors by the browser itself, written as an indexed PNG."""

import base64
import struct
import zlib

from playwright.sync_api import Page

# Median cut over a histogram of 15-bit colors; pages are few flat colors and some gradients, so this stays crisp.
_REDUCE = """
async (source) => {
  const picture = new Image();
  picture.src = "data:image/png;base64," + source;
  await picture.decode();
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  const pen = canvas.getContext("2d");
  pen.drawImage(picture, 0, 0);
  const data = pen.getImageData(0, 0, picture.width, picture.height).data;
  const key = (at) => (data[at] >> 2) << 12 | (data[at + 1] >> 2) << 6 | data[at + 2] >> 2;
  const sums = new Map();
  for (let at = 0; at < data.length; at += 4) {
    const name = key(at);
    let sum = sums.get(name);
    if (!sum) sums.set(name, sum = [0, 0, 0, 0, name]);
    sum[0] += data[at]; sum[1] += data[at + 1]; sum[2] += data[at + 2]; sum[3] += 1;
  }
  const colors = [...sums.values()].map((s) => [s[0] / s[3], s[1] / s[3], s[2] / s[3], s[3], s[4]]);
  const measure = (box) => {
    let widest = 0, spread = -1;
    for (let c = 0; c < 3; c += 1) {
      let low = 255, high = 0;
      for (const color of box) { if (color[c] < low) low = color[c]; if (color[c] > high) high = color[c]; }
      if (high - low > spread) { spread = high - low; widest = c; }
    }
    const weight = box.reduce((all, color) => all + color[3], 0);
    return { box, widest, rank: box.length > 1 ? spread * Math.sqrt(weight) : -1 };
  };
  const boxes = [measure(colors)];
  while (boxes.length < 256) {
    boxes.sort((a, b) => b.rank - a.rank);
    if (boxes[0].rank <= 0) break;
    const { box, widest } = boxes.shift();
    box.sort((a, b) => a[widest] - b[widest]);
    const half = box.reduce((all, color) => all + color[3], 0) / 2;
    let at = 1, seen = box[0][3];
    while (at < box.length - 1 && seen + box[at][3] / 2 < half) { seen += box[at][3]; at += 1; }
    boxes.push(measure(box.slice(0, at)), measure(box.slice(at)));
  }
  const palette = [], place = new Uint8Array(1 << 18);
  boxes.forEach(({ box }, number) => {
    const weight = box.reduce((all, color) => all + color[3], 0);
    for (let c = 0; c < 3; c += 1) {
      palette.push(Math.round(box.reduce((all, color) => all + color[c] * color[3], 0) / weight));
    }
    for (const color of box) place[color[4]] = number;
  });
  const rows = new Uint8Array((picture.width + 1) * picture.height);
  for (let y = 0, to = 0, at = 0; y < picture.height; y += 1) {
    rows[to++] = 0;
    for (let x = 0; x < picture.width; x += 1, at += 4) rows[to++] = place[key(at)];
  }
  const blob = new Blob([rows]);
  const url = await new Promise((done) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.readAsDataURL(blob);
  });
  return { width: picture.width, height: picture.height, palette, rows: url.split(",")[1] };
}
"""
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def reduced(desk: Page, picture: bytes) -> bytes:
    """The PNG with at most 256 colors. `desk` is an empty page of a browser to reckon on."""
    found = desk.evaluate(_REDUCE, base64.b64encode(picture).decode())
    head = struct.pack(">IIBBBBB", found["width"], found["height"], 8, 3, 0, 0, 0)
    rows = base64.b64decode(found["rows"])
    parts = (
        (b"IHDR", head),
        (b"PLTE", bytes(found["palette"])),
        (b"IDAT", zlib.compress(rows, 9)),
        (b"IEND", b""),
    )
    small = _SIGNATURE + b"".join(_chunk(kind, body) for kind, body in parts)
    return small if len(small) < len(picture) else picture


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
