#!/usr/bin/env python3
"""Makes icon.png, 128 x 128: a scatter of vectors over the shrinking bars of a residual quantizer's layers.

Standard library only. Every pixel is the mean of 8 x 8 samples of a scene given by distances, so edges are smooth and
the file is the same on every machine.
"""

import struct
import zlib
from pathlib import Path

SIZE = 128
SAMPLES = 8

BACKGROUND_TOP = (30, 36, 52)
BACKGROUND_BOTTOM = (17, 20, 31)
RIM = (62, 74, 104)
# What each layer leaves over, from the first to the last: (height of the bar, colour).
BARS = [
    (58, (86, 180, 233)),
    (40, (78, 201, 176)),
    (27, (240, 200, 90)),
    (17, (235, 140, 80)),
    (10, (214, 96, 120)),
]
BAR_WIDTH, BAR_GAP, BAR_LEFT, BAR_BASE = 14, 5, 19, 108
# A code and the vectors that chose it: (x, y, radius, colour).
DOTS = [
    (80, 40, 7.5, (245, 247, 252)),
    (64, 27, 3.2, (120, 160, 205)),
    (95, 26, 3.2, (120, 160, 205)),
    (103, 46, 3.2, (120, 160, 205)),
    (92, 62, 3.2, (120, 160, 205)),
    (66, 55, 3.2, (120, 160, 205)),
]


def inside_rounded(x, y, left, top, right, bottom, radius):
    """Whether a point lies in a rectangle with round corners."""
    if not (left <= x <= right and top <= y <= bottom):
        return False
    dx = max(left + radius - x, x - (right - radius), 0.0)
    dy = max(top + radius - y, y - (bottom - radius), 0.0)
    return dx * dx + dy * dy <= radius * radius


def colour_at(x, y):
    """The scene's colour at a point, with its opacity."""
    if not inside_rounded(x, y, 2, 2, 126, 126, 26):
        return (0, 0, 0, 0)
    for cx, cy, radius, colour in DOTS:
        if (x - cx) ** 2 + (y - cy) ** 2 <= radius**2:
            return (*colour, 255)
    for i, (height, colour) in enumerate(BARS):
        left = BAR_LEFT + i * (BAR_WIDTH + BAR_GAP)
        if inside_rounded(x, y, left, BAR_BASE - height, left + BAR_WIDTH, BAR_BASE, 3.5):
            return (*colour, 255)
    if not inside_rounded(x, y, 4, 4, 124, 124, 24):
        return (*RIM, 255)
    t = y / SIZE
    return (*(a + (b - a) * t for a, b in zip(BACKGROUND_TOP, BACKGROUND_BOTTOM)), 255)


def pixel(px, py):
    """The mean over a pixel's samples, colours weighted by opacity."""
    total = [0.0] * 4
    for sy in range(SAMPLES):
        for sx in range(SAMPLES):
            r, g, b, a = colour_at(px + (sx + 0.5) / SAMPLES, py + (sy + 0.5) / SAMPLES)
            for c, value in enumerate((r, g, b)):
                total[c] += value * a
            total[3] += a
    if total[3] == 0:
        return bytes(4)
    rgb = [round(total[c] / total[3]) for c in range(3)]
    return bytes([*rgb, round(total[3] / SAMPLES**2)])


def chunk(kind, data):
    """A PNG chunk: length, kind, data, checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def main():
    rows = b"".join(b"\0" + b"".join(pixel(x, y) for x in range(SIZE)) for y in range(SIZE))
    header = struct.pack(">IIBBBBB", SIZE, SIZE, 8, 6, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")
    Path(__file__).with_name("icon.png").write_bytes(png)


if __name__ == "__main__":
    main()
