"""Photos of goods, made small and clean: whatever comes is decoded within limits and encoded anew, without metadata."""

import hashlib
import io
import warnings
from dataclasses import dataclass

from PIL import Image, ImageOps, JpegImagePlugin, PngImagePlugin, UnidentifiedImageError, WebPImagePlugin

MOST_BYTES = 12 * 1024 * 1024
MOST_PIXELS = 40_000_000
LONGEST_SIDE = 2000
QUALITY = 82
READERS = (JpegImagePlugin.JpegImageFile, PngImagePlugin.PngImageFile, WebPImagePlugin.WebPImageFile)
FORMATS = tuple(reader.format for reader in READERS)


class BadPhoto(ValueError):
    """The bytes are no photo that is taken in; ``code`` is too_large or no_picture."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Photo:
    """A JPEG as it is kept. ``sha256`` is of ``jpeg``; sizes are in pixels."""

    jpeg: bytes
    width: int
    height: int

    @property
    def sha256(self) -> bytes:
        """Return the digest of the JPEG."""
        return hashlib.sha256(self.jpeg).digest()


def clean(image: bytes) -> Photo:
    """Return the picture as a JPEG of at most LONGEST_SIDE pixels, upright, with nothing in it but what is seen.

    Raises :class:`BadPhoto` for what is too large, in bytes or in pixels once unpacked, and for what is no picture.
    """
    if len(image) > MOST_BYTES:
        raise BadPhoto("too_large", f"a photo has at most {MOST_BYTES >> 20} MiB, this has {len(image) >> 20}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the limit below is stricter
            opened = Image.open(io.BytesIO(image), formats=FORMATS)
        # the size stands in the header: nothing is unpacked before it is known to fit
        if opened.width * opened.height > MOST_PIXELS:
            raise BadPhoto("too_large", f"a photo has at most {MOST_PIXELS:,} pixels, this claims {opened.size}")
        opened.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # a large JPEG is unpacked smaller at once
        picture = _flat(ImageOps.exif_transpose(opened))
    except Image.DecompressionBombError as error:
        raise BadPhoto("too_large", f"a photo has at most {MOST_PIXELS:,} pixels, this claims far more") from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        if isinstance(error, BadPhoto):
            raise
        raise BadPhoto(
            "no_picture", f"this is no JPEG, PNG or WebP that can be read: {type(error).__name__}"
        ) from error
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=QUALITY, optimize=True)  # no exif, no profile, no comment is handed on
    return Photo(out.getvalue(), picture.width, picture.height)


def _flat(picture: Image.Image) -> Image.Image:
    """Return the pixels alone, on white where they are transparent: a copy holds no metadata."""
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        over = picture.convert("RGBA")
        flat = Image.new("RGB", over.size, "white")
        flat.paste(over, mask=over.getchannel("A"))
        return flat
    flat = Image.new("RGB", picture.size)
    flat.paste(picture.convert("RGB"))
    return flat
