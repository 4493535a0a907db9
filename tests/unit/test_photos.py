"""What comes as a photo is made small and clean, or refused before it costs anything."""

import io
import struct
import time
import zlib

import pytest
from PIL import Image

from include.wms.photos import LONGEST_SIDE, MOST_BYTES, BadPhoto, clean


def picture(
    size: tuple[int, int] = (640, 480), kind: str = "JPEG", mode: str = "RGB", colour: object = "darkred"
) -> bytes:
    out = io.BytesIO()
    image = Image.new(mode, size, colour)  # type: ignore[arg-type]
    if kind == "JPEG":
        facts = Image.Exif()
        facts[0x010F] = "A camera of Aigerim"
        facts[0x0112] = 6  # turned by a quarter
        facts.get_ifd(0x8825)[1] = "N"
        image.save(out, "JPEG", exif=facts, comment=b"taken at home", icc_profile=b"profile")
    else:
        image.save(out, kind)
    return out.getvalue()


def test_a_photo_is_upright_small_and_tells_nothing_but_what_is_seen() -> None:
    photo = clean(picture((4000, 3000)))
    assert (photo.width, photo.height) == (1500, LONGEST_SIDE), "it was turned by its exif, which is gone"
    for told in (b"Aigerim", b"taken at home", b"profile", b"Exif", b"GPS"):
        assert told not in photo.jpeg
    again = Image.open(io.BytesIO(photo.jpeg))
    assert again.format == "JPEG" and not again.getexif() and "icc_profile" not in again.info
    assert clean(photo.jpeg).width == photo.width


@pytest.mark.parametrize(
    ("kind", "mode"), [("PNG", "RGB"), ("PNG", "L"), ("WEBP", "RGB"), ("PNG", "RGBA"), ("PNG", "P")]
)
def test_other_formats_become_jpeg(kind: str, mode: str) -> None:
    colour = {"RGBA": (255, 0, 0, 0), "P": 3, "L": 200}.get(mode, "green")
    photo = clean(picture((30, 20), kind, mode, colour))
    pixel = Image.open(io.BytesIO(photo.jpeg)).convert("RGB").getpixel((5, 5))
    if mode == "RGBA":
        assert pixel == (255, 255, 255), "what is transparent is white"


@pytest.mark.parametrize(
    "body",
    [b"", b"hello", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GIF89a" + b"\0" * 40, b"%PDF-1.7", picture()[:300]],
    ids=["empty", "text", "svg", "gif", "pdf", "cut off"],
)
def test_what_is_no_photo_is_refused(body: bytes) -> None:
    with pytest.raises(BadPhoto) as refused:
        clean(body)
    assert refused.value.code == "no_picture"


def bomb(side: int) -> bytes:
    """A valid PNG of side × side black pixels that is a few kilobytes long."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    row = b"\0" * (1 + side // 8)
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(row * side, 9)) + chunk(b"IEND", b"")
    )


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    packed = bomb(40_000)
    assert len(packed) < 300_000
    began = time.process_time()
    with pytest.raises(BadPhoto) as refused:
        clean(packed)
    assert refused.value.code == "too_large"
    assert time.process_time() - began < 0.5, "1,600 million pixels take seconds to unpack"


def test_too_many_bytes_are_not_even_looked_at() -> None:
    with pytest.raises(BadPhoto) as refused:
        clean(b"\xff\xd8" + b"\0" * MOST_BYTES)
    assert refused.value.code == "too_large"
